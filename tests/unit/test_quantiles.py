"""Quantiles of laws, against scipy.stats, which jobs do not import."""

import subprocess
import sys

import numpy as np
import pytest
from scipy import stats
from sgdwalk import quantiles
from sgdwalk.study.analysis_table import ANALYSES

P = np.array([1e-9, 0.025, 0.1, 0.5, 0.9, 0.975, 1 - 1e-9])
DEGREES = [0.5, 1, 2, 7.5, 30, 1e4, np.inf]
# Of every analysis: whoever reads its file imports it, for its contract.
SMALL_JOBS = [f"analyses.{analysis.name}" for analysis in ANALYSES]
SMALL_JOBS += ["figures.fig2", "tables.check", "tables.claims", "tables.summary"]


def test_normal_and_laplace():
    np.testing.assert_array_equal(quantiles.normal(P), stats.norm.ppf(P))
    np.testing.assert_allclose(quantiles.laplace(P), stats.laplace.ppf(P), rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("degrees", DEGREES)
def test_student_and_chi_squared(degrees):
    np.testing.assert_array_equal(quantiles.student(P, degrees), stats.t.ppf(P, degrees))
    np.testing.assert_array_equal(quantiles.chi2(P, degrees), stats.chi2.ppf(P, degrees))


def test_no_degrees_of_freedom_have_no_quantile():
    assert np.isnan(quantiles.student(0.975, np.array([0, -1, np.nan]))).all()
    assert np.isnan(quantiles.chi2(0.975, np.array([0, -1, np.nan]))).all()


@pytest.mark.slow
def test_small_jobs_start_without_slow_packages():
    """Each of hundreds of jobs pays for what it imports."""
    code = f"import importlib, sys; [importlib.import_module(f'sgdwalk.{{m}}') for m in {SMALL_JOBS}]; "
    code += "print(*{'torch', 'scipy.stats', 'scipy.signal', 'sklearn'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not done.stdout.strip()
