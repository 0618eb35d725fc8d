# The mixed models of landmark.json at their maximum: visible.R's optimiser (optim) stops up to 7e-5 below it in log-likelihood, and up to
# 1e-3 away in parameters; nlminb does not. Run from the folder of visible.R: Rscript mixed_converged.R
lines <- readLines("visible.R"); part <- function(from, to) eval(parse(text = lines[grep(from, lines, fixed = TRUE)[1]:grep(to, lines, fixed = TRUE)[1]]), globalenv())
source("oracle_lib.R"); suppressMessages(library(nlme))
P <- rdcsv("data/pbcseq_intervals.csv")
part("CC <- coxph.control", "CC <- coxph.control"); part("fml <- function", "fml <- function")
part("w <- 730.5; LM", "fitpred <- function"); P$yr <- P$start / 365.25
ctl <- lmeControl(msMaxIter = 1000, msMaxEval = 5000, niterEM = 500, opt = "nlminb", msTol = 1e-14, tolerance = 1e-14, returnObject = TRUE)
out <- function(m) { v <- getVarCov(m); list(fixed = unname(fixef(m)), fixed_se = unname(sqrt(diag(vcov(m)))), loglik = as.numeric(logLik(m)), random = unname(matrix(v, 2)), residual_variance = m$sigma^2) }
blup <- function(s) { q <- lmset(s); z <- P[P$id %in% q$id & P$start <= s, ]; m <- lme(log_bili ~ yr, random = ~ yr | id, data = z, method = "ML", control = ctl); cf <- coef(m); q$cur <- cf[as.character(q$id), 1] + cf[as.character(q$id), 2] * s / 365.25; q$slope <- cf[as.character(q$id), 2]
  o <- numeric(nrow(q)); v <- c("cur", "slope", "albumin", "log_protime", "age"); for (k in 0:4) o[q$fold == k] <- fitpred(q[q$fold != k, ], q[q$fold == k, ], v, s)$surv
  a <- fitpred(q, q, v, s); c(list(landmark_days = s), out(m), list(blup_first5 = list(id = q$id[1:5], current = q$cur[1:5], slope = q$slope[1:5]), cox_coef = unname(coef(a$f)), cv5 = perf(q, o, s))) }
all <- function(method) { m <- lme(log_bili ~ yr, random = ~ yr | id, data = P, method = method, control = ctl); c(out(m), list(blup_id_1_to_5 = unname(as.matrix(coef(m)[as.character(1:5), ])))) }
wr(list(two_stage_blup = lapply(LM, blup), mixed_model_log_bili = list(ml = all("ML"), reml = all("REML"))), "results/landmark_mixed_converged.json")
