// DepthSearch
