"""The same model in full Bayes: NumPyro's NUTS on the counts of a fixture, as the reference for the Laplace
fit.

Needs the development extra (numpyro, jax). ``python benchmarks/opinion_nuts.py FILE`` records the reference
that
tests/brandhealth/test_reference.py compares with; it prints convergence (r-hat, effective sample size) and
time.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from kaja.brandhealth.counts import Counts, merge_cells
from kaja.brandhealth.layout import COMPONENTS, LAMBDA_SD, LOG_C, LOG_G, LOG_PSI, PHI, RHO, START_LEVEL
from kaja.brandhealth.simulate import ModelWorld, draw_from_model
from kaja.brandhealth.variance import NOISINESS_SD, SHOCKS, TRANSIENT_DF

_SMALL = {"weeks": 12, "formats": 2, "domains": 6, "topics": 2, "segments": 2, "labels": 0}
FIXTURES = {
    "plenty": (7, ModelWorld(votes=1e5, pair_authors=800, **_SMALL)),  # type: ignore[arg-type]
    "thin": (12, ModelWorld(votes=1e4, pair_authors=400, **_SMALL)),  # type: ignore[arg-type]
}


def sample(counts: Counts, warmup: int, draws: int, seed: int) -> dict[str, Any]:
    """Run NUTS on merged counts; returns index mean and sd (free share, centred), worst r-hat and ESS of the
    index, seconds.
    """
    import jax
    import jax.numpy as jnp
    import numpyro
    import numpyro.distributions as dist
    from numpyro.diagnostics import effective_sample_size, gelman_rubin
    from numpyro.infer import MCMC, NUTS

    numpyro.enable_x64()
    c = merge_cells(counts)
    assert c.pairs is not None
    t, f, s, d, a = len(c.weeks), len(c.formats), len(c.segments), len(c.domains), len(c.topics)
    votes = np.bincount(c.format, c.n.sum(axis=1), minlength=f)
    votes = votes / votes.sum()
    kinds = sorted({(int(i), int(j)) for i, j in zip(c.pairs.first, c.pairs.second, strict=True)})
    kind = np.array([kinds.index((int(i), int(j))) for i, j in zip(c.pairs.first, c.pairs.second, strict=True)])
    total = c.n.sum(axis=1)
    weight = np.zeros((t * f, c.n.shape[0]))
    weight[c.week * f + c.format, np.arange(total.size)] = total
    weight /= np.maximum(weight.sum(axis=1, keepdims=True), 1.0)
    mix, customer = c.format_shares(), c.segment_shares()
    seen = np.bincount(c.week, minlength=t) > 0
    centre = seen / seen.sum()

    def expit(x: Any) -> Any:
        return jax.nn.sigmoid(x)

    def model() -> None:
        tau = {
            name: jnp.exp(numpyro.sample(f"log_{name}", dist.Normal(np.log(middle), sd)))
            for name, middle, sd in (*COMPONENTS, *SHOCKS)
        }

        def walk(name: str, rows: int, sd: Any, phi: float) -> Any:
            steps = numpyro.sample(f"step_{name}", dist.Normal(0, 1).expand([rows, t]).to_event(2))
            scale = np.sqrt(1 - phi**2)
            out = [steps[:, 0] * sd]
            for i in range(1, t):
                out.append(phi * out[-1] + scale * sd * steps[:, i])
            return jnp.stack(out, axis=1)

        start = numpyro.sample("start", dist.Normal(*START_LEVEL))
        rise = numpyro.sample("rise", dist.Normal(0, tau["mu"]).expand([t - 1]).to_event(1))
        mu = start + jnp.concatenate([jnp.zeros(1), jnp.cumsum(rise)])
        v = numpyro.sample("v", dist.StudentT(TRANSIENT_DF, 0, tau["v"]).expand([t]).to_event(1))
        alpha = numpyro.sample("alpha", dist.Normal(0, tau["alpha"]).expand([f]).to_event(1))
        delta = numpyro.sample("delta", dist.Normal(0, tau["delta"]).expand([d]).to_event(1))
        beta = numpyro.sample("beta", dist.Normal(0, tau["beta"]).expand([a]).to_event(1))
        sigma = numpyro.sample("sigma", dist.Normal(0, tau["sigma"]).expand([s]).to_event(1))
        omega, nu = walk("omega", f, tau["omega"], PHI), walk("nu", s, tau["nu"], PHI)
        raw = numpyro.sample("lambda", dist.Normal(0, LAMBDA_SD).expand([f]).to_event(1))
        lam = raw - votes * (votes @ raw) / (votes @ votes)
        log_g = numpyro.sample("log_g", dist.Normal(*LOG_G))
        log_k = numpyro.sample("log_k", dist.Normal(0, NOISINESS_SD).expand([d]).to_event(1))
        e = numpyro.sample("e", dist.Normal(0, tau["e"] * jnp.exp(log_k)).expand([t, d]).to_event(2))
        h = numpyro.sample("h", dist.Normal(0, tau["h"]).expand([t, d]).to_event(2))
        eta = (
            (mu + v)[c.week]
            + alpha[c.format]
            + omega[c.format, c.week]
            + delta[c.domain]
            + beta[c.topic]
            + sigma[c.segment]
            + nu[c.segment, c.week]
            + e[c.week, c.domain]
        )
        g, inv = jnp.exp(log_g + h[c.week, c.domain]), jnp.exp(-lam[c.format])
        low, high = expit((-g - eta) * inv), expit((eta - g) * inv)
        p = jnp.stack([low, jnp.maximum(1 - low - high, 1e-12), high], axis=1)
        numpyro.factor("cells", jnp.sum(c.n * jnp.log(jnp.maximum(p, 1e-12))))

        rho0 = numpyro.sample("rho0", dist.Normal(*RHO))
        drift = numpyro.sample("drift", dist.Normal(0, 1).expand([t - 1]).to_event(1))
        rho = rho0 + jnp.concatenate([jnp.zeros(1), jnp.cumsum(drift * tau["rho"])])
        xi = numpyro.sample("xi", dist.Normal(0, tau["xi"]).expand([f]).to_event(1))
        m = numpyro.sample("m", dist.Normal(0, tau["m"]).expand([len(kinds)]).to_event(1))
        log_c = numpyro.sample("log_c", dist.Normal(*LOG_C))
        psi = jnp.exp(numpyro.sample("log_psi", dist.Normal(*LOG_PSI)))
        offset = (weight @ (delta[c.domain] + beta[c.topic])).reshape(t, f)
        w = c.pairs.week  # type: ignore[union-attr]
        gap = alpha[:, None] + omega
        cumulative = []
        for side in (c.pairs.first, c.pairs.second):  # type: ignore[union-attr]
            tone = (mu + v)[w] + m[kind] + rho[w] * gap[side, w] + xi[side] + offset[w, side]
            inverse = jnp.exp(-log_c - lam[side])
            one = expit((-jnp.exp(log_g) - tone) * inverse)
            cumulative.append(jnp.stack([one, 1 - expit((tone - jnp.exp(log_g)) * inverse)], axis=1))
        u1, u2 = cumulative[0][:, :, None], cumulative[1][:, None, :]
        top = 1 + (psi - 1) * (u1 + u2)
        inner = (top - jnp.sqrt(top**2 - 4 * psi * (psi - 1) * u1 * u2)) / (2 * (psi - 1))
        full = jnp.zeros((w.size, 4, 4)).at[:, 1:3, 1:3].set(inner).at[:, 1:3, 3].set(cumulative[0])
        full = full.at[:, 3, 1:3].set(cumulative[1]).at[:, 3, 3].set(1.0)
        table = jnp.diff(jnp.diff(full, axis=2), axis=1)
        numpyro.factor("pairs", jnp.sum(c.pairs.n * jnp.log(jnp.maximum(table, 1e-12))))  # type: ignore[union-attr]
        value = mu + (mix * ((1 - rho)[:, None] * gap.T - xi)).sum(axis=1) + customer @ (sigma[:, None] + nu)
        numpyro.deterministic("index", value - centre @ value)
        numpyro.deterministic("share", rho.mean())

    begin = time.perf_counter()
    kernel = NUTS(model, target_accept_prob=0.85, max_tree_depth=8)
    mcmc = MCMC(
        kernel,
        num_warmup=warmup,
        num_samples=draws,
        num_chains=2,
        chain_method="sequential",
        progress_bar=False,
    )
    mcmc.run(jax.random.PRNGKey(seed))
    got = mcmc.get_samples(group_by_chain=True)
    index = np.asarray(got["index"])
    seconds = time.perf_counter() - begin
    return {
        "mean": index.mean(axis=(0, 1)).tolist(),
        "sd": index.std(axis=(0, 1)).tolist(),
        "share_mean": float(np.mean(got["share"])),
        "share_sd": float(np.std(got["share"])),
        "ess": float(effective_sample_size(index).min()),
        "rhat": float(gelman_rubin(index).max()),
        "divergences": int(np.sum(mcmc.get_extra_fields().get("diverging", np.zeros(1)))),
        "warmup": warmup,
        "draws": draws,
        "seconds": seconds,
    }


def main(path: Path) -> None:
    """Record the reference of every fixture."""
    import numpyro

    out: dict[str, Any] = {"engine": f"numpyro {numpyro.__version__}, NUTS, 2 chains"}
    for name, (seed, world) in FIXTURES.items():
        out[name] = sample(draw_from_model(seed, world).counts, 500, 700, 1)
        print(name, {k: v for k, v in out[name].items() if k not in ("mean", "sd")}, flush=True)
        path.write_text(json.dumps(out, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
