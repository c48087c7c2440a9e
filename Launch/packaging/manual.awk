# Makes the page that swift-argument-parser generates one that man sets without a warning: examples, which are indented,
# keep their lines, and empty lines become paragraphs. The date is left out, so that the page changes only as the program.

/^\.Dd / { print ".Dd $Mdocdate$"; next }
/^  / {
  if (!example) print ".Bd -literal"
  example = 1
  print
  empty = 0
  next
}
{
  if (example) print ".Ed"
  example = 0
}
/^$/ { empty = 1; next }
{
  if (empty && !/^\.(Pp|Sh|It|El|Bl)/) print ".Pp"
  empty = 0
  print
}
