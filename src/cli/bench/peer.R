# What `metwatch bench survival --peer` asks of R: file, columns, whether rows begin with their start.
suppressMessages(library(survival))
a <- commandArgs(TRUE)
p <- as.integer(a[2])
entry <- a[3] == "1"
width <- p + 2 + entry
n <- file.info(a[1])$size / 8 / width
m <- matrix(readBin(a[1], "double", n * width, endian = "little"), ncol = width, byrow = TRUE)
x <- m[, (3 + entry):width, drop = FALSE]
y <- if (entry) Surv(m[, 1], m[, 2], m[, 3]) else Surv(m[, 1], m[, 2])
rm(m)
cpu <- function(work) { t <- system.time(out <- work); list(out = out, seconds = sum(t[c(1, 2)])) }
say <- function(name, value) cat(name, "\t", format(value, digits = 15), "\n", sep = "")
fit <- cpu(coxph(y ~ x, ties = "efron", control = coxph.control(eps = 1e-12)))
say("Cox, with standard errors", fit$seconds)
for (b in coef(fit$out)) say("coefficient", b)
score <- cpu(drop(x %*% coef(fit$out)))
say("scoring", score$seconds)
say("concordance", cpu(concordance(y ~ score$out, reverse = TRUE))$seconds)
say("Kaplan-Meier", cpu(survfit(y ~ 1))$seconds)
if (!entry && requireNamespace("glmnet", quietly = TRUE))
  say("elastic net, 50 lambdas", cpu(glmnet::glmnet(x, y, family = "cox", alpha = 0.5, nlambda = 50, lambda.min.ratio = 0.01))$seconds)
