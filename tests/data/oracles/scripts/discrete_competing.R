# Discrete time beyond discrete_time.json: two competing causes by a multinomial logit (nnet's start, polished by Newton's method
# until the gradient vanishes), and cluster-robust covariance (package sandwich, HC0, no small-sample factor) with case weights and delayed entry.
source("oracle_lib.R"); suppressMessages({library(nnet); library(sandwich)})
M <- rdcsv("../brca_metastasis.csv"); V <- c("age", "grade3", "nodes", "chemo"); K <- 10
k <- pmin(ceiling(M$met_time), K); full <- pmin(floor(M$met_time), K); ev <- M$met_type > 0 & M$met_time <= K
ni <- ifelse(ev, k, full); idx <- rep(seq_len(nrow(M)), ni); per <- sequence(ni); y <- ifelse(ev[idx] & per == k[idx], M$met_type[idx], 0)
X <- cbind(sapply(1:K, function(j) as.integer(per == j)), as.matrix(M[idx, V])); m <- colMeans(X[, -(1:K)]); s <- apply(X[, -(1:K)], 2, sd)
Z <- X; Z[, -(1:K)] <- scale(X[, -(1:K)]); p <- ncol(Z); b <- matrix(0, p, 2); b[1:K, ] <- -3
pr <- function(b) { e <- exp(Z %*% b); e / (1 + rowSums(e)) }
for (it in 1:50) { P <- pr(b); g <- c(crossprod(Z, (y == 1) - P[, 1]), crossprod(Z, (y == 2) - P[, 2]))
  H <- rbind(cbind(crossprod(Z, Z * P[, 1] * (1 - P[, 1])), -crossprod(Z, Z * P[, 1] * P[, 2])), cbind(-crossprod(Z, Z * P[, 1] * P[, 2]), crossprod(Z, Z * P[, 2] * (1 - P[, 2]))))
  step <- solve(H, g); b <- b + matrix(step, p, 2); if (max(abs(step)) < 1e-13) break }
stopifnot(max(abs(g)) < 1e-9); P <- pr(b); ll <- sum(log(ifelse(y == 1, P[, 1], ifelse(y == 2, P[, 2], 1 - rowSums(P)))))
chk <- multinom(factor(y) ~ 0 + Z, trace = FALSE, maxit = 1000, reltol = 1e-14); stopifnot(abs(as.numeric(logLik(chk)) - ll) < 1e-5, max(abs(t(coef(chk)) - b)) < 1e-2)
Tm <- diag(p); for (j in seq_along(s)) { Tm[K + j, K + j] <- 1 / s[j]; Tm[1:K, K + j] <- -m[j] / s[j] }
co <- Tm %*% b; T2 <- kronecker(diag(2), Tm); vc <- T2 %*% solve(H) %*% t(T2)
cif <- lapply(1:5, function(i) { e <- exp(sapply(1:2, function(c) co[1:K, c] + sum(co[-(1:K), c] * unlist(M[i, V])))); h <- e / (1 + rowSums(e)); S <- cumprod(1 - rowSums(h)); S0 <- c(1, S[-K]); list(surv = S, cif1 = cumsum(S0 * h[, 1]), cif2 = cumsum(S0 * h[, 2])) })
competing <- list(terms = V, rows = length(y), events = c(sum(y == 1), sum(y == 2)), coef_by_cause = t(co), se_by_cause = t(matrix(sqrt(diag(vc)), p, 2)), loglik = ll, first5 = cif)
# robust, weighted, entered late: rotterdam, entry at pid mod 3 years, rows from the first year watched from its start
R <- rdcsv("../rotterdam.csv"); e <- R$pid %% 3; t <- R$rfs_days / 365.25; R <- R[t > e, ]; e <- R$pid %% 3; pp <- person_period(R, R$rfs_days / 365.25, R$rfs_event, K, FALSE)
keep <- pp$period > e[pp$idx]; d <- R[pp$idx[keep], ]; d$period <- factor(pp$period[keep], 1:K); d$y <- pp$y[keep]; d$w <- 1 + d$pid %% 4
# glm's covariance stands on the weights before its last step, about 1e-8 away; fitting once more from the maximum puts them there
twice <- function(fm, link, data) { environment(fm) <- environment(); f <- NULL; for (i in 1:5) f <- suppressWarnings(glm(fm, binomial(link), data, weights = data$ww, start = f$coefficients, control = glm.control(epsilon = 1e-15, maxit = 100))); f }
rob <- function(link, weighted, cluster) { d$ww <- if (weighted) d$w else 1; f <- twice(y ~ 0 + period + age + nodes + hormon, link, d)
  list(link = link, weighted = weighted, rows = nrow(d), events = sum(d$y), coef = unname(coef(f)), se = unname(sqrt(diag(vcov(f)))), deviance = f$deviance, robust_vcov = unname(vcovCL(f, cluster = cluster, type = "HC0", cadjust = FALSE))) }
A <- rdcsv("../rotterdam.csv"); VV <- c("age", "meno", "size_20_50", "size_gt50", "grade3", "nodes", "pgr", "er", "hormon", "chemo")
exact <- function(partial, link) { pp <- person_period(A, A$rfs_days / 365.25, A$rfs_event, K, partial); a <- A[pp$idx, VV]; for (j in 1:K) a[[paste0("p", j)]] <- as.integer(pp$period == j); a$y <- pp$y; a$ww <- 1
  f <- twice(as.formula(paste("y ~ 0 +", paste(c(paste0("p", 1:K), VV), collapse = "+"))), link, a); list(coef = unname(coef(f)), se = unname(sqrt(diag(vcov(f))))) }
wr(list(at_maximum = list(logit = exact(FALSE, "logit"), logit_partial = exact(TRUE, "logit"), cloglog = exact(FALSE, "cloglog")), meta = list(r = R.version.string, nnet = as.character(packageVersion("nnet")), sandwich = as.character(packageVersion("sandwich"))), competing = competing,
        by_subject = list(rob("logit", FALSE, d$pid), rob("cloglog", FALSE, d$pid), rob("logit", TRUE, d$pid)), by_year_of_surgery = list(rob("logit", FALSE, d$year))), "../discrete_competing.json")
