// How the page looks, in light and dark, on a phone and in print; and a script for tips, without which nothing is missing.

enum Style {
  static let sheet: Markup = """
    :root{color-scheme:light dark;--page:#f6f7f9;--card:#fff;--ink:#1c2430;--soft:#5c6878;--line:#dde2e9;--good:#1f7a44;\
    --bad:#b3372d;--c0:#2563ab;--c1:#c2660c;--c2:#2e8560;--c3:#7b52b9;--c4:#bf3b3b;--c5:#0f7f8c;--on:#fff}
    @media (prefers-color-scheme:dark){:root{--page:#11161d;--card:#1a212b;--ink:#e6ebf2;--soft:#9aa7b8;--line:#313b49;\
    --good:#67c58b;--bad:#f08a7e;--c0:#6aaaf2;--c1:#f0a558;--c2:#64c79b;--c3:#b99aef;--c4:#f07f79;--c5:#5cc7d2;--on:#10151c}}
    *{box-sizing:border-box}
    body{margin:0;background:var(--page);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,\
    "Noto Sans",sans-serif;-webkit-text-size-adjust:100%}
    main{max-width:1120px;margin:0 auto;padding:28px 20px 60px}
    article+article,section+article{margin-top:56px;border-top:3px solid var(--line);padding-top:28px}
    h1{font-size:clamp(24px,5vw,34px);line-height:1.15;margin:0 0 6px;overflow-wrap:anywhere;letter-spacing:-.01em}
    h2{font-size:20px;margin:0 0 14px}h3{font-size:15px;margin:20px 0 8px}h4{font-size:13px;margin:0 0 6px;font-weight:600}
    h4 small,.note,.kind{color:var(--soft);font-weight:400;font-size:13px}.kind{margin:0;letter-spacing:.04em}
    section{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:20px;margin-top:18px}
    .verdict{margin:0 0 18px;max-width:75ch;overflow-wrap:anywhere}
    .verdict b{padding:2px 10px;border-radius:99px;color:var(--on);font-size:13px;margin-right:6px;white-space:nowrap}
    .met{background:var(--good)}.missed{background:var(--bad)}.open{background:var(--c1)}
    .tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(158px,1fr));gap:10px;margin:0}
    .tiles div{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:12px 14px}
    dt{color:var(--soft);font-size:13px}dd{margin:0}.tiles dd:nth-child(2){font-size:24px;font-weight:650;line-height:1.25}
    .facts div{display:grid;grid-template-columns:100px minmax(0,1fr);gap:10px;padding:5px 0;border-bottom:1px solid var(--line)}
    .facts{margin:0 0 14px}.facts dd{overflow-wrap:anywhere}
    .charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,420px),1fr));gap:22px 30px}
    .charts+.charts,.note+.charts,.scroll+.charts{margin-top:20px}
    figure{margin:0;min-width:0}figcaption{font-weight:600;margin-bottom:4px}
    svg{display:block;width:100%;height:auto;max-width:620px;overflow:visible}
    svg text{fill:var(--soft);font-size:11.5px;font-variant-numeric:tabular-nums}
    svg .mark{fill:var(--ink);font-size:11px;paint-order:stroke;stroke:var(--card);stroke-width:3px}
    .grid{stroke:var(--line)}.axis{stroke:var(--soft)}.growth{stroke:var(--soft);stroke-dasharray:2 3}
    .target{stroke:var(--good);stroke-dasharray:6 4;stroke-width:1.5}
    .curve{fill:none;stroke-width:2.2;stroke-linejoin:round;stroke-linecap:round}.dashed{stroke-dasharray:5 4;stroke-width:1.6}
    .s0{stroke:var(--c0)}.s1{stroke:var(--c1)}.s2{stroke:var(--c2)}.s3{stroke:var(--c3)}.s4{stroke:var(--c4)}.s5{stroke:var(--c5)}
    .f0{fill:var(--c0)}.f1{fill:var(--c1)}.f2{fill:var(--c2)}.f3{fill:var(--c3)}.f4{fill:var(--c4)}.f5{fill:var(--c5)}
    .b0{background:var(--c0)}.b1{background:var(--c1)}.b2{background:var(--c2)}.b3{background:var(--c3)}\
    .b4{background:var(--c4)}.b5{background:var(--c5)}
    circle{stroke:var(--card);stroke-width:1.5}svg .strong{fill:var(--on)}svg .weak{fill:var(--ink)}
    .legend{display:flex;flex-wrap:wrap;gap:2px 16px;list-style:none;margin:0 0 6px;padding:0;color:var(--soft);font-size:13px}
    .legend li{overflow-wrap:anywhere}.legend i,th i{display:inline-block;width:10px;height:10px;border-radius:3px;margin-right:6px}
    .network{display:flex;flex-wrap:wrap;gap:14px 20px}.stage{min-width:0}
    .stage ol{display:flex;flex-wrap:wrap;gap:6px;list-style:none;margin:0;padding:0}
    .stage li{width:66px;border-radius:8px;padding:6px 8px 8px;border:1.5px solid var(--c0);line-height:1.25}
    .stage li b{display:block;font-size:16px}.stage li span{font-size:11.5px;color:var(--soft);white-space:nowrap}
    .stage li i{display:block;height:4px;border-radius:2px;background:var(--c0);margin-top:4px;min-width:2px}
    .stage .kept{background:color-mix(in srgb,var(--c0) 13%,transparent)}
    .stage .cut{border:1.5px dashed var(--soft);color:var(--soft);\
    background:color-mix(in srgb,var(--soft) 12%,transparent);opacity:.62}.stage .cut i{background:var(--soft)}
    .scroll{overflow-x:auto;max-width:100%}table{border-collapse:collapse;font-variant-numeric:tabular-nums;font-size:14px;min-width:100%}
    th,td{text-align:right;padding:5px 10px;border-bottom:1px solid var(--line);white-space:nowrap}
    thead th{color:var(--soft);font-weight:500;font-size:13px}th:first-child,.words th,.words td{text-align:left}
    .words td:last-child{white-space:normal;overflow-wrap:anywhere}
    details{margin-top:14px}summary{cursor:pointer;color:var(--c0);font-weight:600}
    pre{overflow-x:auto;font-size:12.5px;line-height:1.45;background:var(--page);padding:12px;border-radius:8px}
    .thumbnails{display:grid;grid-template-columns:repeat(auto-fill,minmax(92px,1fr));gap:14px 12px}
    .thumbnails img{width:100%;aspect-ratio:1;image-rendering:pixelated;border-radius:6px;background:#000;display:block}
    .thumbnails figcaption{font-weight:400;font-size:12px;line-height:1.3;margin-top:4px;overflow-wrap:anywhere;color:var(--soft)}
    .thumbnails b{color:var(--ink)}
    #tip{position:fixed;z-index:9;max-width:240px;padding:6px 10px;border-radius:8px;background:var(--ink);color:var(--page);\
    font-size:13px;pointer-events:none}
    @media (max-width:520px){main{padding:18px 12px 40px}section{padding:14px 12px}.tiles{grid-template-columns:1fr 1fr}\
    .tiles dd:nth-child(2){font-size:20px}.stage li{width:58px}svg text{font-size:14px}svg .mark{font-size:13.5px}th,td{padding:5px 6px}\
    .tiles div:last-child:nth-child(odd){grid-column:span 2}.facts div{grid-template-columns:76px minmax(0,1fr)}}
    @media print{:root{color-scheme:light;--page:#fff;--card:#fff;--ink:#111;--soft:#555;--line:#ccc;--c0:#2563ab;--c1:#c2660c;\
    --c2:#2e8560;--c3:#7b52b9;--c4:#bf3b3b;--c5:#0f7f8c;--good:#1f7a44;--bad:#b3372d;--on:#fff}body{font-size:12px}
    main{padding:0;max-width:none}section{border:0;padding:8px 0}figure,.stage,tr{break-inside:avoid}h2{break-after:avoid}
    .charts{grid-template-columns:1fr 1fr}*{print-color-adjust:exact;-webkit-print-color-adjust:exact}
    details::details-content{content-visibility:visible;height:auto}pre{white-space:pre-wrap}article+article{break-before:page}}
    """

  /// Shows `data-tip` beside the pointer, and after a tap. The browsers' own titles would come a second later.
  static let script: Markup = """
    (()=>{const tip=document.getElementById('tip');document.querySelectorAll('[data-tip] > title').forEach(t=>t.remove());\
    document.querySelectorAll('[data-tip][title]').forEach(t=>t.removeAttribute('title'));\
    const show=e=>{const at=e.target.closest&&e.target.closest('[data-tip]');if(!at||!at.dataset.tip){tip.hidden=true;return}\
    tip.textContent=at.dataset.tip;tip.hidden=false;\
    tip.style.left=Math.max(4,Math.min(e.clientX+12,innerWidth-tip.offsetWidth-8))+'px';\
    tip.style.top=Math.max(4,e.clientY-tip.offsetHeight-10)+'px'};\
    addEventListener('pointermove',show);addEventListener('pointerdown',show);addEventListener('scroll',()=>tip.hidden=true)})()
    """
}
