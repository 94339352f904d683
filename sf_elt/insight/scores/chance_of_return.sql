-- P(at least one return in (T, T + horizon] | x, t_x, T) of the BG/NBD model, derived in docs/scores.md:
-- P(alive) × (1 − ((α + T) / (α + T + horizon)) ^ (r + x)). Null where a parameter is.
CREATE OR REPLACE TEMP MACRO chance_of_return(x, t_x, t, horizon, r, alpha, a, b) AS
    (1 - exp(-(r + x) * ln(1 + horizon / (alpha + t))))
    / (1 + CASE WHEN x = 0 THEN 0 ELSE exp(least(ln(a / (b + x - 1)) + (r + x) * ln((alpha + t) / (alpha + t_x)), 700)) END)
