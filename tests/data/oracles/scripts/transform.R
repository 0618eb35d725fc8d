# Restricted cubic splines of Hmisc (the basis of rms::rcs) on Rotterdam columns: knots, and the basis at some places.
source("oracle_lib.R"); suppressMessages(library(Hmisc))
R <- rdcsv("../rotterdam.csv")
one <- function(column, rows, nk, at) {
  x <- R[[column]][seq_len(rows)]; k <- unname(rcspline.eval(x, nk = nk, knots.only = TRUE))
  list(column = column, rows = rows, count = nk, knots = k, at = at, basis = unname(unclass(rcspline.eval(at, knots = k, inclx = TRUE))[, seq_len(nk - 1)]))
}
wr(list(meta = list(r = R.version.string, Hmisc = as.character(packageVersion("Hmisc"))),
        splines = unlist(lapply(list(2982, 80), function(rows) lapply(3:7, function(nk) one("age", rows, nk, c(20, 41.5, 54, 63.25, 77, 95)))), recursive = FALSE)), "../transform.json")
