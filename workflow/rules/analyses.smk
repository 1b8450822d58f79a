# A rule for each line of the table of analyses (sgdwalk.study.analysis_table), and for each analysis of the user's own,
# named as its module. What a rule is given comes from a call for its analysis: a function that read the loop's variable
# would find the last analysis in it.
for analysis in [*ANALYSES, *STUDY.own.analyses]:

    rule:
        name:
            analysis.name
        input:
            **analysis_inputs(analysis),
        output:
            f"{RESULTS}/{FOLDERS[analysis.unit]}/{analysis.writes}.nc",
        log:
            f"{LOGS}/{analysis_log(analysis)}.log",
        benchmark:
            f"{BENCHMARKS}/{analysis_log(analysis)}.tsv"
        wildcard_constraints:
            **analysis_constraints(analysis),
        priority: analysis.priority
        conda:
            f"../../envs/{analysis.environment}.yaml"
        resources:
            **analysis_resources(analysis),
        params:
            **analysis_params(analysis),
        message:
            re.sub(r"{(\w+)}", r"{wildcards.\1}", analysis.message)
        script:
            "../scripts/analyse.py"
