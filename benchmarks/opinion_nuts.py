"""The same model in full Bayes: NumPyro's NUTS on the counts of a fixture, as the reference for the Laplace fit.

Needs the development extra (numpyro, jax). ``python benchmarks/opinion_nuts.py FILE [FIXTURE ...]`` records the
reference that tests/brandhealth/test_reference.py compares with, and prints convergence (r-hat, effective sample
size) and time.
Written from the formulas of docs/brandhealth.md, in float64 and non-centred; the spikes (no pile-ons; pure
expression; pure selection) are summed out of the likelihood, so that the sampler sees a density without jumps.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from kaja.brandhealth.counts import Counts, merge_cells
from kaja.brandhealth.layout import (
    COMPONENTS,
    LAMBDA_SD,
    LOG_C,
    LOG_G,
    LOG_PSI,
    M_MEAN,
    PHI,
    PULL,
    RHO,
    START_LEVEL,
)
from kaja.brandhealth.share import SPIKE, STEADY, TREND_SD, steady_move
from kaja.brandhealth.simulate import ModelWorld, draw_from_model
from kaja.brandhealth.transient import NO_PILE_ONS
from kaja.brandhealth.variance import NOISINESS_SD, SHOCKS, TRANSIENT_DF

_SMALL = {"weeks": 14, "formats": 2, "domains": 6, "topics": 2, "segments": 2, "labels": 0}
FIXTURES = {
    "plenty": (7, ModelWorld(votes=1e5, pair_authors=800, **_SMALL)),  # type: ignore[arg-type]
    "thin": (13, ModelWorld(votes=1e4, pair_authors=400, **_SMALL)),  # type: ignore[arg-type]
}

_READ = ("readings", "share")
# The brand of full size of benchmarks/opinion.py, its classifier taken at its word: NUTS is timed on it, not converged.
FULL_SIZE = (3, ModelWorld(votes=1e7, weeks=52, formats=5, domains=60, topics=10, segments=4, labels=0))


def sample(
    counts: Counts, warmup: int, draws: int, seed: int, rounded: bool = True, depth: int = 8, chains: int = 2
) -> dict[str, Any]:
    """Run chains of NUTS on merged counts.

    ``rounded`` samples in coordinates in which the mode is round, which needs the dense Hessian of all unknowns: right
    for a fixture, out of reach for a brand of full size. ``depth`` bounds the trajectory to 2^depth steps.

    Returns the centred index's mean and standard deviation (spikes averaged), the weights of the spikes, the worst
    r-hat and effective sample size of the index, and the CPU seconds.
    """
    import jax
    import jax.numpy as jnp
    import numpyro
    import numpyro.distributions as dist
    import scipy.optimize
    from jax.flatten_util import ravel_pytree
    from numpyro.diagnostics import effective_sample_size, split_gelman_rubin
    from numpyro.infer import MCMC, NUTS, init_to_median
    from numpyro.infer.util import initialize_model

    numpyro.enable_x64()
    c = merge_cells(counts)
    pairs = c.pairs
    assert pairs is not None
    t, f, s, d, a = len(c.weeks), len(c.formats), len(c.segments), len(c.domains), len(c.topics)
    votes = np.bincount(c.format, c.n.sum(axis=1), minlength=f)
    votes = votes / votes.sum()
    both = list(zip(pairs.first.tolist(), pairs.second.tolist(), strict=True))
    kinds = sorted(set(both))
    kind = np.array([kinds.index(pair) for pair in both])
    total = c.n.sum(axis=1)
    venue_week = c.week * f + c.format
    share_there = total / np.bincount(venue_week, total, minlength=t * f)[venue_week]
    mix, customer = c.format_shares(), c.segment_shares()
    seen = np.bincount(c.week, minlength=t) > 0
    centre = seen / seen.sum()
    anything = 1.0 - 2.0 * SPIKE
    explanations = [anything * (1.0 - STEADY), anything * STEADY, SPIKE, SPIKE]
    log_prior = np.log(np.outer([1.0 - NO_PILE_ONS, NO_PILE_ONS], explanations))
    # a stationary AR(1) as a linear map of independent steps
    lag = np.subtract.outer(np.arange(t), np.arange(t))
    memory = np.where(lag >= 0, PHI ** np.maximum(lag, 0), 0.0) * np.where(np.arange(t) == 0, 1.0, np.sqrt(1 - PHI**2))

    def expit(x: Any) -> Any:
        return jax.nn.sigmoid(x)

    def unit(name: str, *shape: int) -> Any:
        return numpyro.sample(name, dist.Normal(0, 1).expand(shape).to_event(len(shape)))

    def table(one: Any, two: Any, psi: Any) -> Any:
        u1, u2 = one[:, :, None], two[:, None, :]
        top = 1 + (psi - 1) * (u1 + u2)
        inner = (top - jnp.sqrt(top**2 - 4 * psi * (psi - 1) * u1 * u2)) / (2 * (psi - 1))
        full = jnp.zeros((one.shape[0], 4, 4)).at[:, 1:3, 1:3].set(inner).at[:, 1:3, 3].set(one)
        full = full.at[:, 3, 1:3].set(two).at[:, 3, 3].set(1.0)
        return jnp.maximum(jnp.diff(jnp.diff(full, axis=2), axis=1), 1e-12)

    def model() -> None:
        tau = {name: jnp.exp(np.log(middle) + sd * unit(f"z_{name}")) for name, middle, sd in (*COMPONENTS, *SHOCKS)}
        mu = START_LEVEL[0] + START_LEVEL[1] * unit("start")
        mu = mu + tau["mu"] * jnp.concatenate([jnp.zeros(1), jnp.cumsum(unit("rise", t - 1))])
        # a Student-t as a normal over the root of a gamma
        heavy = numpyro.sample("heavy", dist.Gamma(TRANSIENT_DF / 2, TRANSIENT_DF / 2).expand([t]).to_event(1))
        v = tau["v"] * unit("v", t) / jnp.sqrt(heavy)
        alpha, delta, beta = (
            tau["alpha"] * unit("alpha", f),
            tau["delta"] * unit("delta", d),
            tau["beta"] * unit("b", a),
        )
        sigma = tau["sigma"] * unit("sigma", s)
        omega, nu = tau["omega"] * unit("omega", f, t) @ memory.T, tau["nu"] * unit("nu", s, t) @ memory.T
        raw = LAMBDA_SD * unit("lambda", f)
        lam = raw - votes * (votes @ raw) / (votes @ votes)
        log_g = LOG_G[0] + LOG_G[1] * unit("log_g")
        e = tau["e"] * jnp.exp(NOISINESS_SD * unit("log_k", d)) * unit("e", t, d)
        h = tau["h"] * unit("h", t, d)
        rest = (alpha[c.format] + omega[c.format, c.week] + delta[c.domain] + beta[c.topic]) + (
            sigma[c.segment] + nu[c.segment, c.week] + e[c.week, c.domain]
        )
        zone, scale = jnp.exp(log_g + h[c.week, c.domain]), jnp.exp(-lam[c.format])

        def cells(tone: Any) -> Any:
            eta = tone[c.week] + rest
            low, high = expit((-zone - eta) * scale), expit((eta - zone) * scale)
            p = jnp.stack([low, 1 - low - high, high], axis=1)
            return jnp.sum(c.n * jnp.log(jnp.maximum(p, 1e-12)))

        rho = RHO[0] + RHO[1] * unit("rho") + tau["rho"] * jnp.concatenate([jnp.zeros(1), jnp.cumsum(unit("d", t - 1))])
        xi, m = tau["xi"] * unit("xi", f), tau["m"] * unit("m", len(kinds))
        m = M_MEAN[0] + M_MEAN[1] * unit("m_mean") + m
        pull = PULL[0] + PULL[1] * unit("pull")
        log_c = LOG_C[0] + LOG_C[1] * unit("log_c")
        psi = jnp.exp(LOG_PSI[0] + LOG_PSI[1] * unit("log_psi"))
        offset = jax.ops.segment_sum(share_there * (delta[c.domain] + beta[c.topic]), venue_week, t * f).reshape(t, f)
        gap, w = (alpha[:, None] + omega).T, pairs.week

        def authors(tone: Any, talk: Any) -> Any:
            cumulative, chosen = [], gap - talk
            both = pull / 2 * (chosen[w, pairs.first] + chosen[w, pairs.second])
            for side in (pairs.first, pairs.second):
                eta = tone[w] + m[kind] + both + talk[w, side] + offset[w, side]
                inverse = jnp.exp(-log_c - lam[side])
                low, high = expit((-jnp.exp(log_g) - eta) * inverse), expit((eta - jnp.exp(log_g)) * inverse)
                cumulative.append(jnp.stack([low, 1 - high], axis=1))
            return jnp.sum(pairs.n * jnp.log(table(cumulative[0], cumulative[1], psi)))

        moved = rho + TREND_SD * unit("trend") * steady_move(t)
        talks = [rho[:, None] * gap + xi, moved[:, None] * gap + xi, gap, jnp.zeros((t, f))]
        logs = jnp.stack([cells(z) + jnp.stack([authors(z, talk) for talk in talks]) for z in (mu + v, mu)]) + log_prior
        numpyro.factor("data", jax.nn.logsumexp(logs))
        share = jax.nn.softmax(logs.ravel()).reshape(2, 4)
        values = [mu + (mix * (gap - talk)).sum(axis=1) + customer @ (sigma[:, None] + nu) for talk in talks]
        numpyro.deterministic("readings", jnp.stack([value - centre @ value for value in values]))
        numpyro.deterministic("share", share)

    begin = time.process_time()
    setup = initialize_model(jax.random.PRNGKey(seed), model, init_strategy=init_to_median())
    flat, unravel = ravel_pytree(setup.param_info.z)

    @jax.jit
    def potential(z: Any) -> Any:
        return setup.potential_fn(unravel(z))

    # sampled in coordinates in which the mode is round; an affine map leaves the density what it is
    slope = jax.jit(jax.value_and_grad(potential))
    found = scipy.optimize.minimize(
        lambda z: tuple(np.asarray(part) for part in slope(z)),
        np.asarray(flat),
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": 2000, "maxfun": 4000} if rounded else {"maxiter": 150, "maxfun": 200},
    )
    mode, spread = jnp.asarray(found.x), np.random.default_rng(seed).normal(size=(chains, found.x.size))
    if rounded:
        values, vectors = np.linalg.eigh(np.asarray(jax.jit(jax.hessian(potential))(found.x)))
        root = jnp.asarray(vectors / np.sqrt(np.clip(values, 0.3, None)))
    else:
        spread *= 0.01

    def place(u: Any) -> Any:
        return mode + (root @ u if rounded else u)

    kernel = NUTS(potential_fn=lambda u: potential(place(u)), target_accept_prob=0.87, max_tree_depth=depth)
    mcmc = MCMC(
        kernel, num_warmup=warmup, num_samples=draws, num_chains=chains, chain_method="sequential", progress_bar=False
    )
    start = jnp.asarray(spread if chains > 1 else spread[0])
    sampled = time.process_time()
    mcmc.run(jax.random.PRNGKey(seed), init_params=start, extra_fields=("diverging", "num_steps"))
    draws_flat = mcmc.get_samples(group_by_chain=True)
    draws_flat.block_until_ready()
    sampled = time.process_time() - sampled
    one = jax.jit(lambda u: {k: v for k, v in setup.postprocess_fn(unravel(place(u))).items() if k in _READ})
    told = [[one(u) for u in chain] for chain in draws_flat]
    got = {k: np.array([[draw[k] for draw in chain] for chain in told]) for k in _READ}
    seconds = time.process_time() - begin
    readings, share = np.asarray(got["readings"]), np.asarray(got["share"])
    # weights of the share that stays, that moves steadily, of expression and of selection
    by_share = np.asarray(share.sum(axis=-2))[..., None]
    mean = np.sum(by_share * readings, axis=2)
    second = np.sum(by_share * readings**2, axis=2).mean(axis=(0, 1))
    middle = mean.mean(axis=(0, 1))
    fields = mcmc.get_extra_fields()
    return {
        "mean": middle.tolist(),
        "sd": np.sqrt(second - middle**2).tolist(),
        "no_pile_ons": float(share[..., 1, :].sum(axis=-1).mean()),
        "shares": share.sum(axis=-2).mean(axis=(0, 1)).tolist(),
        "ess": float(effective_sample_size(mean).min()),
        "rhat": float(split_gelman_rubin(mean).max()),
        "divergences": int(np.sum(fields["diverging"])),
        "steps": float(np.mean(fields["num_steps"])),
        "warmup": warmup,
        "draws": draws,
        "seconds": seconds,
        "sampling": sampled,
        "unknowns": int(found.x.size),
    }


def main(path: Path, names: list[str]) -> None:
    """Record the reference of the named fixtures, of all without a name."""
    import numpyro

    out: dict[str, Any] = {"engine": f"numpyro {numpyro.__version__}, NUTS, 2 chains"}
    for name in names or FIXTURES:
        seed, world = FIXTURES[name]
        out[name] = sample(draw_from_model(seed, world).counts, 300, 800, 1)
        out[name] |= {"seed": seed, "world": {"votes": world.votes, "pair_authors": world.pair_authors, **_SMALL}}
        print(name, {k: v for k, v in out[name].items() if k not in ("mean", "sd")}, flush=True)
        path.write_text(json.dumps(out, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
