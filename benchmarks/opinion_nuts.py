"""The same model in full Bayes: NumPyro's NUTS on the counts of a fixture, as the reference for the Laplace fit.

Needs the development extra (numpyro, jax). ``python benchmarks/opinion_nuts.py FILE [FIXTURE ...]`` records the
reference that tests/brandhealth/model/test_reference.py compares with, and prints convergence (r-hat, effective sample
size) and time.
Written from the formulas of docs/brandhealth.md, in float64. What is discrete is summed out (no pile-ons; pure
expression; pure selection), so that the sampler sees a density without jumps; given the week's common tone, its
division into opinion and pile-on is Gaussian and integrated out, too. Sampled as two unknowns it had two modes
between which chains hardly went.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from kaja.brandhealth.arrays import Floats
from kaja.brandhealth.model.estimate import fit_counts
from kaja.brandhealth.model.layout import (
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
from kaja.brandhealth.model.share import SPIKE, STEADY, TREND_SD, steady_move
from kaja.brandhealth.model.transient import NO_PILE_ONS
from kaja.brandhealth.model.variance import NOISINESS_SD, SHOCKS, TRANSIENT_DF, posterior_moments
from kaja.brandhealth.posts.counts import Counts, merge_cells
from kaja.brandhealth.worlds.simulate import ModelWorld, draw_from_model

_SMALL = {"weeks": 14, "formats": 2, "domains": 6, "topics": 2, "segments": 2, "labels": 0}
_THIN = ModelWorld(votes=1e4, pair_authors=400, **_SMALL)  # type: ignore[arg-type]
_PLENTY = ModelWorld(votes=1e5, pair_authors=800, **_SMALL)  # type: ignore[arg-type]
# Name, seed, world. Seeds up to 44 were looked at while fit and reference were put right; 45 to 47 were drawn
# beforehand and scored once, with both frozen.
FIXTURES = {f"thin {seed}": (seed, _THIN) for seed in (12, 13, 41, 42, 43, 44, 45, 46, 47)} | {
    f"plenty {seed}": (seed, _PLENTY) for seed in (7, 41, 42)
}
# Draws of each of two chains after so many to warm up, and the bound of a trajectory; with smaller steps
# where more than FEW of them diverge, and twice as many where the effective sample size is below ENOUGH. The
# second run counts where it has enough itself.
SETTINGS = {"thin": {"warmup": 300, "draws": 1500, "depth": 8}, "plenty": {"warmup": 300, "draws": 1200, "depth": 9}}
ENOUGH, FEW = 400, 5

_READ = ("readings", "variance", "share")
# The brand of full size of benchmarks/opinion.py, its classifier taken at its word: NUTS is timed on it, not converged.
FULL_SIZE = (3, ModelWorld(votes=1e7, weeks=52, formats=5, domains=60, topics=10, segments=4, labels=0))


def _told(counts: Counts) -> dict[str, Floats]:
    """How far the data tell each unknown: 0, no more than its prior, to 1. The density does not depend on it.

    Read off the fit; it chooses the coordinates that NUTS samples in (partial centring: Papaspiliopoulos, Roberts &
    Skold, Statistical Science 22, 2007).
    """
    posterior = fit_counts(counts)
    layout, blocks, hyper = posterior.layout, posterior.blocks, posterior.hyper
    moments = posterior_moments(posterior.x, posterior.covariance, posterior.info, layout)
    told = np.clip(1.0 - np.diag(moments.cov) * hyper.weights(layout), 0.0, 1.0)
    out = {name: told[layout.part(name)] for name in layout.at}
    shocks = np.clip(1.0 - moments.shock_var * hyper.shock_precision(blocks), 0.0, 1.0)
    for i, name in enumerate(("e", "h")):
        out[name] = np.zeros((layout.weeks, layout.domains))
        out[name][blocks.week, blocks.domain] = shocks[:, i]
    return out


def sample(
    counts: Counts,
    warmup: int,
    draws: int,
    seed: int,
    rounded: bool = True,
    depth: int = 8,
    chains: int = 2,
    accept: float = 0.87,
) -> dict[str, Any]:
    """Run chains of NUTS on merged counts.

    ``rounded`` samples in coordinates in which the mode is round, which needs the dense Hessian of all unknowns: right
    for a fixture, out of reach for a brand of full size. ``depth`` bounds the trajectory to 2^depth steps; ``accept``
    is the acceptance that the step size is adapted to.

    Returns the centred index's mean and standard deviation (spikes averaged), the weights of the spikes, the worst
    r-hat and effective sample size (of the index, its square and the weight of no pile-ons), and the CPU seconds.
    """
    import jax
    import jax.numpy as jnp
    import numpyro
    import numpyro.distributions as dist
    import scipy.optimize
    from jax.flatten_util import ravel_pytree
    from numpyro.diagnostics import effective_sample_size, split_gelman_rubin
    from numpyro.infer import MCMC, NUTS, init_to_uniform
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
    from_mean, steps = np.eye(t) - centre, np.minimum.outer(np.arange(t), np.arange(t))
    told = _told(counts)
    anything = 1.0 - 2.0 * SPIKE
    explanations = [anything * (1.0 - STEADY), anything * STEADY, SPIKE, SPIKE]
    # a stationary AR(1) as a linear map of independent steps
    lag = np.subtract.outer(np.arange(t), np.arange(t))
    memory = np.where(lag >= 0, PHI ** np.maximum(lag, 0), 0.0) * np.where(np.arange(t) == 0, 1.0, np.sqrt(1 - PHI**2))

    def expit(x: Any) -> Any:
        return jax.nn.sigmoid(x)

    def unit(name: str, *shape: int) -> Any:
        return numpyro.sample(name, dist.Normal(0, 1).expand(shape).to_event(len(shape)))

    def scaled(name: str, tau: Any, shape: tuple[int, ...]) -> Any:
        """Independent normals of standard deviation ``tau``, centred as far as the data tell each of them."""
        how = told[name].reshape(shape)
        z = numpyro.sample(name, dist.ImproperUniform(dist.constraints.real, (), shape))
        log_tau = jnp.broadcast_to(jnp.log(tau), shape)
        numpyro.factor(f"{name}_prior", jnp.sum(-0.5 * (z * jnp.exp(-how * log_tau)) ** 2 - how * log_tau))
        return z * jnp.exp((1.0 - how) * log_tau)

    def table(one: Any, two: Any, psi: Any) -> Any:
        u1, u2 = one[:, :, None], two[:, None, :]
        top = 1 + (psi - 1) * (u1 + u2)
        inner = (top - jnp.sqrt(top**2 - 4 * psi * (psi - 1) * u1 * u2)) / (2 * (psi - 1))
        full = jnp.zeros((one.shape[0], 4, 4)).at[:, 1:3, 1:3].set(inner).at[:, 1:3, 3].set(one)
        full = full.at[:, 3, 1:3].set(two).at[:, 3, 3].set(1.0)
        return jnp.maximum(jnp.diff(jnp.diff(full, axis=2), axis=1), 1e-12)

    def model() -> None:
        tau = {name: jnp.exp(np.log(middle) + sd * unit(f"z_{name}")) for name, middle, sd in (*COMPONENTS, *SHOCKS)}
        # without pile-ons opinion has a standard deviation of its own: each is at its prior where the other holds
        calm = jnp.exp(np.log(COMPONENTS[0][1]) + COMPONENTS[0][2] * unit("z_calm"))
        # a Student-t is a normal over the root of a gamma
        heavy = numpyro.sample("heavy", dist.Gamma(TRANSIENT_DF / 2, TRANSIENT_DF / 2).expand([t]).to_event(1))
        tone = numpyro.sample("tone", dist.ImproperUniform(dist.constraints.real, (), (t,)))
        walks = [START_LEVEL[1] ** 2 + one**2 * steps for one in (tau["mu"], calm)]
        roots = [jnp.linalg.cholesky(walks[0] + jnp.diag(tau["v"] ** 2 / heavy)), jnp.linalg.cholesky(walks[1])]
        off = [jax.scipy.linalg.solve_triangular(root, tone - START_LEVEL[0], lower=True) for root in roots]
        kinds_of_tone = jnp.stack(
            [-0.5 * z @ z - jnp.sum(jnp.log(jnp.diag(root))) for z, root in zip(off, roots, strict=True)]
        )
        through = jax.scipy.linalg.solve_triangular(roots[0], walks[0], lower=True)
        opinions = jnp.stack([START_LEVEL[0] + through.T @ off[0], tone])
        left = jnp.stack([walks[0] - through.T @ through, jnp.zeros((t, t))])
        alpha, delta, beta = (scaled(name, tau[name], (n,)) for name, n in (("alpha", f), ("delta", d), ("beta", a)))
        sigma = scaled("sigma", tau["sigma"], (s,))
        omega, nu = (scaled(name, tau[name], (n, t)) @ memory.T for name, n in (("omega", f), ("nu", s)))
        raw = LAMBDA_SD * unit("lambda", f)
        lam = raw - votes * (votes @ raw) / (votes @ votes)
        log_g = LOG_G[0] + LOG_G[1] * unit("log_g")
        e = scaled("e", tau["e"] * jnp.exp(NOISINESS_SD * unit("log_k", d)), (t, d))
        h = scaled("h", tau["h"], (t, d))
        rest = (alpha[c.format] + omega[c.format, c.week] + delta[c.domain] + beta[c.topic]) + (
            sigma[c.segment] + nu[c.segment, c.week] + e[c.week, c.domain]
        )
        zone, scale = jnp.exp(log_g + h[c.week, c.domain]), jnp.exp(-lam[c.format])

        eta = tone[c.week] + rest
        low, high = expit((-zone - eta) * scale), expit((eta - zone) * scale)
        p = jnp.stack([low, 1 - low - high, high], axis=1)
        numpyro.factor("cells", jnp.sum(c.n * jnp.log(jnp.maximum(p, 1e-12))))

        rho = (
            RHO[0]
            + RHO[1] * unit("rho")
            + jnp.concatenate([jnp.zeros(1), jnp.cumsum(tau["rho"] * unit("rho_steps", t - 1))])
        )
        xi, m = tau["xi"] * unit("xi", f), scaled("m", tau["m"], (len(kinds),))
        m = M_MEAN[0] + M_MEAN[1] * unit("m_mean") + m
        pull = PULL[0] + PULL[1] * unit("pull")
        log_c = LOG_C[0] + LOG_C[1] * unit("log_c")
        psi = jnp.exp(LOG_PSI[0] + LOG_PSI[1] * unit("log_psi"))
        offset = jax.ops.segment_sum(share_there * (delta[c.domain] + beta[c.topic]), venue_week, t * f).reshape(t, f)
        gap, w = (alpha[:, None] + omega).T, pairs.week

        def authors(talk: Any) -> Any:
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
        by_tone = kinds_of_tone + np.log([1.0 - NO_PILE_ONS, NO_PILE_ONS])
        by_share = jnp.stack([authors(talk) for talk in talks]) + np.log(explanations)
        numpyro.factor("data", jax.nn.logsumexp(by_tone) + jax.nn.logsumexp(by_share))
        rest_of = jnp.stack([(mix * (gap - talk)).sum(axis=1) + customer @ (sigma[:, None] + nu) for talk in talks])
        readings = opinions[:, None] + rest_of
        numpyro.deterministic("readings", readings - (readings @ centre)[..., None])
        numpyro.deterministic("variance", jnp.einsum("ti,kij,tj->kt", from_mean, left, from_mean))
        numpyro.deterministic("share", jnp.outer(jax.nn.softmax(by_tone), jax.nn.softmax(by_share)))

    begin = time.process_time()
    setup = initialize_model(jax.random.PRNGKey(seed), model, init_strategy=init_to_uniform())
    flat, unravel = ravel_pytree(setup.param_info.z)

    @jax.jit
    def potential(z: Any) -> Any:
        return setup.potential_fn(unravel(z))

    # sampled in coordinates in which the mode is round; an affine map leaves the density what it is
    slope = jax.jit(jax.value_and_grad(potential))
    found = scipy.optimize.minimize(
        lambda z: tuple(np.asarray(part) for part in slope(z)),
        np.zeros(flat.size),
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

    kernel = NUTS(potential_fn=lambda u: potential(place(u)), target_accept_prob=accept, max_tree_depth=depth)
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
    read = [[one(u) for u in chain] for chain in draws_flat]
    got = {k: np.array([[draw[k] for draw in chain] for chain in read]) for k in _READ}
    seconds = time.process_time() - begin
    readings, variance, share = (got[k] for k in _READ)
    mean = np.einsum("cdks,cdkst->cdt", share, readings)
    second = np.einsum("cdks,cdkst->t", share, readings**2 + variance[:, :, :, None]) / share[..., 0, 0].size
    middle = mean.mean(axis=(0, 1))
    fields = mcmc.get_extra_fields()
    calm = share[..., 1, :].sum(axis=-1)
    ess = min(float(effective_sample_size(values).min()) for values in (mean, mean**2, calm))
    rhat = max(float(split_gelman_rubin(values).max()) for values in (mean, mean**2, calm))
    return {
        "mean": middle.tolist(),
        "sd": np.sqrt(second - middle**2).tolist(),
        "no_pile_ons": float(calm.mean()),
        "shares": share.sum(axis=-2).mean(axis=(0, 1)).tolist(),
        "ess": ess,
        "rhat": rhat,
        "divergences": int(np.sum(fields["diverging"])),
        "steps": float(np.mean(fields["num_steps"])),
        "warmup": warmup,
        "draws": draws,
        "seconds": seconds,
        "sampling": sampled,
        "unknowns": int(found.x.size),
    }


def main(path: Path, names: list[str]) -> None:
    """Record the reference of the named fixtures, of all without a name; what the file holds of others is kept."""
    import numpyro

    out: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    out["engine"] = f"numpyro {numpyro.__version__}, NUTS, 2 chains"
    for name in names or FIXTURES:
        seed, world = FIXTURES[name]
        settings: dict[str, Any] = dict(SETTINGS[name.split()[0]])
        counts = draw_from_model(seed, world).counts
        out[name] = sample(counts, seed=1, **settings)
        enough = out[name]["ess"] >= ENOUGH
        if not enough or out[name]["divergences"] > FEW:
            settings |= {"draws": settings["draws"] * (1 if enough else 2), "accept": 0.95}
            again = sample(counts, seed=1, **settings)
            if again["ess"] >= ENOUGH or not enough:
                out[name] = again
        out[name] |= {"seed": seed, "world": {"votes": world.votes, "pair_authors": world.pair_authors, **_SMALL}}
        print(name, {k: v for k, v in out[name].items() if k not in ("mean", "sd")}, flush=True)
        path.write_text(json.dumps(out, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
