# survreg on left-, right-, interval-censored and exact values made from Rotterdam columns; strata, weights, clusters, a fixed
# scale; predictions and residuals; left truncation by maximising its likelihood directly (survreg has none).
source("oracle_lib.R")
R <- rdcsv("../rotterdam.csv"); n <- nrow(R); y <- R$rfs_days / 365.25; id <- R$pid
# pid mod 4: 0 exact or right-censored, 1 the year it falls in, 2 left-censored at the next whole 5 years where relapsed, 3 the half year
lo <- hi <- y; ev <- R$rfs_event == 1; m <- id %% 4
k <- ev & m == 1; lo[k] <- ceiling(y[k]) - 1; hi[k] <- ceiling(y[k])
k <- ev & m == 2; lo[k] <- NA; hi[k] <- 5 * ceiling(y[k] / 5)
k <- ev & m == 3; lo[k] <- (ceiling(2 * y[k]) - 1) / 2; hi[k] <- ceiling(2 * y[k]) / 2
hi[!ev] <- NA; lo[!is.na(lo) & lo == 0] <- NA
R$lo <- lo; R$hi <- hi; R$w <- 1 + id %% 3; R$cl <- id %% 97
CC <- survreg.control(rel.tolerance = 1e-14, maxiter = 200)
rows <- 1:12; X <- R[rows, ]
out <- function(f) {
  v <- if (is.null(f$naive.var)) f$var else f$naive.var
  r <- list(dist = f$dist, coef = unname(coef(f)), scale = unname(f$scale), loglik = f$loglik[2], loglik_null = f$loglik[1], se = unname(sqrt(diag(v))), vcov = unname(v))
  if (!is.null(f$naive.var)) r$robust_vcov <- unname(f$var)
  r
}
pred <- function(f) {
  q <- predict(f, X, type = "quantile", p = c(.1, .5, .9), se.fit = TRUE)
  list(rows = length(rows), linear_predictor = unname(predict(f, X, type = "lp")), q_prob = c(.1, .5, .9), q = unname(q$fit), q_se = unname(q$se.fit),
       deviance = unname(residuals(f, "deviance")[rows]), response = unname(residuals(f, "response")[rows]))
}
dists <- c("weibull", "loglogistic", "lognormal", "exponential")
mixed <- lapply(dists, function(d) { f <- survreg(Surv(lo, hi, type = "interval2") ~ age + grade3 + nodes + hormon, R, dist = d, control = CC); c(out(f), pred(f)) })
R$glo <- ifelse(is.na(lo), NA, log(lo)); R$ghi <- ifelse(is.na(hi), NA, log(hi))
gaussian <- { f <- survreg(Surv(glo, ghi, type = "interval2") ~ age + grade3 + nodes + hormon, R, dist = "gaussian", control = CC); c(out(f), pred(f)) }
right <- lapply(dists[1:3], function(d) { f <- survreg(Surv(y, ev) ~ age + grade3 + nodes + hormon, R, dist = d, control = CC); c(out(f), pred(f)) })
weighted <- out(survreg(Surv(lo, hi, type = "interval2") ~ age + nodes, R, weights = w, dist = "lognormal", control = CC))
clustered <- out(survreg(Surv(y, ev) ~ age + nodes, R, dist = "weibull", cluster = cl, control = CC))
# survreg leaves the weights out of its robust variance, and its score of log(scale) has the wrong sign for intervals (so that the
# sum over rows is not 0); here the weights count, as in coxph, and the sign is put right
both <- { f <- survreg(Surv(lo, hi, type = "interval2") ~ age + nodes, R, weights = w, dist = "weibull", control = CC); m <- residuals(f, "matrix"); st <- Surv(lo, hi, type = "interval2")[, 3]
  u <- R$w * cbind(m[, "dg"] * cbind(1, R$age, R$nodes), ifelse(st == 3, -1, 1) * m[, "ds"]); stopifnot(max(abs(colSums(u))) < 1e-6)
  c(out(f), list(robust_vcov = unname(crossprod(rowsum(u %*% f$var, R$cl))))) }
stratified <- out(survreg(Surv(lo, hi, type = "interval2") ~ age + nodes + strata(grade3), R, dist = "loglogistic", control = CC))
fixed <- out(survreg(Surv(y, ev) ~ age + nodes, R, dist = "weibull", scale = 0.5, control = CC))
# left truncation: women enter at pid mod 3 years if they are still followed then
e <- id %% 3; s <- y > e; D <- R[s, ]; e <- e[s]; t <- y[s]; d <- ev[s]; M <- cbind(1, D$age / 50, D$nodes / 5)
truncated <- lapply(c("weibull", "lognormal", "loglogistic"), function(dist) {
  ls <- function(z) switch(dist, weibull = -exp(z), lognormal = pnorm(z, lower.tail = FALSE, log.p = TRUE), loglogistic = plogis(z, lower.tail = FALSE, log.p = TRUE))
  lf <- function(z) switch(dist, weibull = z - exp(z), lognormal = dnorm(z, log = TRUE), loglogistic = dlogis(z, log = TRUE))
  nl <- function(p) { eta <- drop(M %*% p[1:3]); sg <- exp(p[4]); z <- (log(t) - eta) / sg; -(sum(ifelse(d, lf(z) - p[4] - log(t), ls(z))) - sum(ifelse(e > 0, ls((log(pmax(e, 1e-300)) - eta) / sg), 0))) }
  p <- c(2.5, 0, -.5, 0); for (i in 1:4) p <- optim(p, nl, method = "BFGS", control = list(reltol = 1e-16, maxit = 500))$par
  list(dist = dist, n = sum(s), coef = p[1:3] / c(1, 50, 5), scale = exp(p[4]), loglik = -nl(p), within = "coefficients 1e-4, log-likelihood 1e-8: a general optimiser") })
wr(list(meta = list(r = R.version.string, survival = as.character(packageVersion("survival"))), data = "rotterdam.csv, see scripts/aft_interval.R",
        mixed = mixed, gaussian_of_logarithms = gaussian, right = right, weights_1_plus_pid_mod_3 = weighted, clusters_pid_mod_97 = clustered, clusters_and_weights = both, strata_grade3 = stratified, fixed_scale_half = fixed, truncated = truncated), "../aft_interval.json")
