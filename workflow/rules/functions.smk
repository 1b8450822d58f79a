"""Inputs, settings, code hashes and resources of the jobs."""

# Runs


def run_settings(wildcards):
    """Settings of the run itself: its analyses, requests to a scheduler and folder of states do not change it."""
    run, aside = STUDY.runs[wildcards.run], ("analyses", "mem_mb", "runtime", "scratch")
    return {k: run[k] for k in run if k not in aside}


def run_seed(wildcards):
    return STUDY.runs[wildcards.run]["seed"]


def run_threads(wildcards):
    return STUDY.runs[wildcards.run]["threads"]


def run_scratch(wildcards):
    """A resource and not a parameter of its job: another folder must not repeat the training."""
    return STUDY.runs[wildcards.run]["scratch"] or ""


def factory_modules(wildcards):
    """Modules of the run's network and data set, in sgdwalk or not."""
    run = STUDY.runs[wildcards.run]
    return tuple(factories.module(run[f"{kind}_spec"]) for kind in ("model", "dataset"))


def training_code(wildcards):
    """Hash of what training this run uses: not of other networks or other data sets."""
    return code_version("training.job", own=factory_modules(wildcards))


def image_file(wildcards):
    """The file that a run's images are in, where they are in one."""
    path = STUDY.runs[wildcards.run]["dataset_spec"]["arguments"].get("path")
    return [local(path)] if path and os.path.isfile(path) else []


def parent_files(wildcards):
    """What a run with a parent starts from; nothing for all others."""
    parent = STUDY.runs[wildcards.run]["parent"]
    if not parent:
        return {}
    return {
        "checkpoints": f"{RESULTS}/runs/{parent}/checkpoints",
        "training": product(f"training/{parent}"),
        "modes": product(f"modes/{wildcards.run}"),
    }


def walk_file(wildcards):
    return local(STUDY.runs[wildcards.run]["walk"])


def longer_windows(kind):
    """For a run that is another one in shorter windows: a function that gives the other one's file of this kind."""

    def path(wildcards):
        return product(f"{kind}/{STUDY.runs[wildcards.run]['windows_of']}")

    return path


# What jobs request of a scheduler


def growing(estimate, *settings):
    """A resource that grows with each attempt: a number, or an estimate from the settings of the run and others."""

    def amount(wildcards, attempt):
        if callable(estimate):
            return attempt * estimate(STUDY.runs[wildcards.run], *settings)
        return attempt * estimate

    return amount


def growing_memory(rule):
    """The memory of a rule's job, which is of a run, a figure, ... (its only wildcard), or of the study."""

    def amount(wildcards, attempt):
        return attempt * requested_memory.of_job(STUDY, rule, *wildcards)

    return amount


def steady(estimate):
    """A resource that the settings of the run tell, the same for each attempt."""

    def amount(wildcards):
        return estimate(STUDY.runs[wildcards.run])

    return amount


GPU = {"gpu": steady(resources.gpus), "local_gpu": steady(resources.local_gpus)}


# Analyses


def analysis_inputs(analysis):
    if analysis.unit == "group":
        return {kind: group_runs(analysis.name, kind) for kind in analysis.reads}
    own = [name for name in analysis.reads if not name.startswith("parent/")]
    others = [n.removeprefix("parent/") for n in analysis.reads if n not in own]
    alike = {"alike": of_same_start(analysis)} if analysis.of_start else {}
    return of_run(*own) | {name: of_parent(name) for name in others} | alike


def of_same_start(analysis):
    """A function of this file of another run that starts from the same Hessian, where there is one."""

    def path(wildcards):
        other = same_start(wildcards.run, STUDY.runs)
        return product(f"{analysis.writes}/{other}") if other else []

    return path


def of_parent(name):
    """A function that gives this file of a run's parent."""

    def path(wildcards):
        return parent_files(wildcards)[name]

    return path


def group_runs(analysis, kind):
    """A function of the files of this kind of the group's runs that the analysis is of."""

    def paths(wildcards):
        runs = STUDY.grouped(analysis).get(wildcards.group, ())
        return [product(f"{kind}/{run}") for run in runs]

    return paths


def analysis_constraints(analysis):
    """Constraints of the wildcards of an analysis that not all runs, or groups, have."""
    if analysis.unit == "group":
        return {"group": any_of(STUDY.grouped(analysis.name))}
    return {"run": any_of(CHILDREN)} if analysis.condition == "parent" else {}


def section_of(analysis):
    """The settings of an analysis; none where it has no section."""
    return STUDY.settings.get(analysis.section or analysis.name, {})


def analysis_settings(analysis):
    """A function of the settings that the analysis computes with; those of the run too where it needs the network."""
    own = section_of(analysis)

    def settings(wildcards):
        if analysis.network:
            return {**own, "run": run_settings(wildcards)}
        return {**own, **analysis_place(analysis, wildcards)}

    return settings


def analysis_place(analysis, wildcards):
    """The toy surface, or the regression's sampler, is a setting of its analysis."""
    return dict(wildcards) if analysis.unit in ("landscape", "sampler") else {}


def analysis_code(analysis):
    """A function of the hash of all code that the job runs."""

    def code(wildcards):
        own = (
            factory_modules(wildcards) if analysis.network else loader_modules(analysis)
        )
        if analysis.module:
            return code_version("jobs.analyse", own=(analysis.module, *own))
        return code_version("jobs.analyse", f"analyses.{analysis.name}", own=own)

    return code


def loader_modules(analysis):
    """The module that loads the images of an analysis without a run, if it has images."""
    data = section_of(analysis).get("data")
    return (factories.module(data["dataset_spec"]),) if data else ()


def analysis_params(analysis):
    params = {
        "analysis": analysis.name,
        "settings": analysis_settings(analysis),
        "code": analysis_code(analysis),
    }
    if analysis.module:
        params["own"] = STUDY.own.modules([analysis.name, *analysis.reads])
    return params | ({"run_seed": run_seed} if analysis.unit == "run" else {})


def analysis_resources(analysis):
    requests = {
        "mem_mb": growing_memory(analysis.name),
        "runtime": growing(analysis.minutes, section_of(analysis)),
    }
    return requests | (
        GPU if analysis.network and analysis.condition != "snapshots" else {}
    )


def analysis_log(analysis):
    """Where its log and benchmark go, below their folders."""
    if analysis.unit == "run":
        return f"{{run}}/{analysis.name}"
    return f"{FOLDERS[analysis.unit]}/{analysis.writes}"


# Figures


def figure_inputs(wildcards):
    """Role to path or list of paths, as the figure's draw takes them."""
    paths = source_paths(RESULTS, STUDY.figures[wildcards.figure]["data"])
    return {role: path for role, path in paths.items() if path is not None}


def figure_absent(wildcards):
    """Roles that the study leaves empty: their panels are left out, and a note says why."""
    data = STUDY.figures[wildcards.figure]["data"]
    return [role for role, value in data.items() if value is None]


def figure_caption(wildcards):
    figure = wildcards.figure
    return caption(figure, STUDY.figures[figure], STUDY.own.signatures)


PAPERS = ("Chen et al.", "Kunin et al.")


def figure_title(wildcards):
    return (figure_signatures() | STUDY.own.signatures)[wildcards.figure].title


def figure_paper(wildcards):
    """The paper whose figure it is, as its title says."""
    title = figure_title(wildcards)
    return next((paper for paper in PAPERS if paper in title), "More")


def figure_labels(wildcards):
    """Its name and title, without the paper, under which it stands in the report."""
    title, paper = figure_title(wildcards), figure_paper(wildcards)
    shows = title.replace(f" of {paper}", "").replace(f" ({paper})", "")
    return {"figure": wildcards.figure, "shows": shows}


def figure_width(wildcards):
    return STUDY.figures[wildcards.figure]["width"]


def figure_module(wildcards):
    """Module of a figure of the user's own; None of one of the project's."""
    own = STUDY.own.figures.get(wildcards.figure)
    return own and own.module


def figure_own(wildcards):
    """Modules of the user's own analyses whose files the figure shows."""
    shown = sources(STUDY.figures[wildcards.figure]["data"])
    return STUDY.own.modules(source.rpartition("/")[0] for _, source in shown)


def figure_code(wildcards):
    if module := figure_module(wildcards):
        return code_version("jobs.draw", own=(module, *figure_own(wildcards)))
    return code_version("jobs.draw", f"figures.{wildcards.figure}")


# The tables of the study: what each is made of, and what its job says and requests.
CHECKED = (
    "training",
    "distances",
    "gradients",
    "msd",
    "path",
    "msl",
    "tails",
    "fluctuations",
)
TABLES = {
    "summary": {"message": "A row per run", "runtime": 20},
    "claims": {"message": "The papers' claims", "runtime": 20},
    "check": {"message": "Checking {wildcards.run}", "runtime": 10},
    "checks": {"message": "The checks of all runs", "runtime": 10},
}


def table_inputs(table):
    """Its files by the names that its compute takes them by."""
    if table == "check":
        own = {"own": own_results} if STUDY.own.analyses else {}
        return of_run(*CHECKED) | own
    if table == "checks":
        return {"check": [f"{RESULTS}/runs/{run}/check.csv" for run in STUDY.runs]}
    inputs = {kind: products(kind) for kind in OF_ALL_RUNS[table]}
    if table == "claims":
        inputs["toy"] = [product(f"toy/{landscape}") for landscape in TOY]
        inputs["regression"] = [product(f"regression/{s}") for s in SAMPLERS]
    return inputs


def own_results(wildcards):
    """Files of the run that the user's own analyses make."""
    return [product(f"{name}/{wildcards.run}") for name in own_analyses(wildcards.run)]


def table_name(table):
    """Its file below the results, without .csv; the same below the logs."""
    return "runs/{run}/check" if table == "check" else table


def table_output(table):
    """Its file, and for tables that a reader of the report wants a page of it."""
    path = f"{RESULTS}/{table_name(table)}"
    if table == "check":
        return {"csv": f"{path}.csv"}
    page = report(
        f"{path}.html",
        caption=f"../report/{table}.rst",
        category="Tables",
        labels={"table": table},
    )
    return {"csv": f"{path}.csv", "page": page}


def table_log(table):
    return table_name(table).removeprefix("runs/")


def table_params(table):
    """What its compute takes beside files, its name, and the hash of all code that the job runs."""
    parameters = {"base": STUDY.base} if table == "claims" else {}
    own = [a.module for a in STUDY.own.analyses] if table == "check" else []
    code = code_version("jobs.tabulate", f"tables.{table}", own=tuple(own))
    params = {"table": table, "parameters": parameters, "code": code}
    return params | ({"own": own} if own else {})
