package shell

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/plugins/backend"
)

// searchPath is the PATH of scripts; env may replace it.
const searchPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// maxVariable is what Linux takes for one variable (MAX_ARG_STRLEN), less some
// room for its name.
const maxVariable = 128*1024 - 256

// environment is all that a script inherits: fixed values, the ids of the call
// and the operator's env. Nothing in it is secret.
func environment(c call, workDir string) ([]string, error) {
	env := map[string]string{
		"PATH": searchPath, "LANG": "C.UTF-8", "HOME": workDir, "TMPDIR": workDir,
		"ADDONGW_VERB":         string(c.verb),
		"ADDONGW_OPERATION_ID": c.op.OperationID,
		"ADDONGW_RESOURCE_ID":  c.op.ResourceID,
		"ADDONGW_SHORT_ID":     c.op.ShortID,
		"ADDONGW_ATTEMPT":      strconv.Itoa(c.op.Attempt),
		"ADDONGW_ADDON":        c.op.Addon,
		"ADDONGW_PLAN":         c.op.Plan.ID,
		"ADDONGW_REGION":       c.op.Region.ID,
	}
	for name, value := range map[string]string{
		"ADDONGW_OLD_PLAN": c.oldPlan.ID,
		"ADDONGW_MODE":     string(c.mode),
		"ADDONGW_PHASE":    string(c.phase),
		"ADDONGW_PENDING":  c.unfinished(),
		"ADDONGW_ACTION":   c.action,
	} {
		if value != "" {
			env[name] = value
		}
	}
	own, err := operatorEnvironment(c.op.Config)
	if err != nil {
		return nil, err
	}
	maps.Copy(env, own)
	list := make([]string, 0, len(env))
	for name, value := range env {
		list = append(list, name+"="+value)
	}
	slices.Sort(list)
	return list, nil
}

// operatorEnvironment is env as evaluated for this operation. Its values may
// hold what a customer wrote (an option, a name), so they are checked here.
func operatorEnvironment(config backend.Value) (map[string]string, error) {
	if problems := checkEnvironment(config); problems.HasErrors() {
		f := backend.Failf(backend.Invalid, "%s", problems[0].Summary)
		f.Path = problems[0].Path
		return nil, f
	}
	values, _ := environmentOf(config)
	env := map[string]string{}
	for name, value := range values {
		if value.IsNull() || !value.IsKnown() || value.Type() != cty.String {
			continue // null leaves a variable out, as it leaves out a config var
		}
		text := value.AsString()
		if strings.ContainsRune(text, 0) || len(text) > maxVariable {
			f := backend.Failf(backend.Invalid, "the value of env %q is too long for a variable or holds a zero byte", name)
			f.Path = cty.GetAttrPath("env").GetAttr(name)
			return nil, f
		}
		env[name] = text
	}
	return env, nil
}

// environmentOf returns the entries of env, without marks; known is false when
// there are none to look at yet.
func environmentOf(config backend.Value) (entries map[string]cty.Value, known bool) {
	v, _ := config.Cty().UnmarkDeep()
	if !v.IsKnown() || v.IsNull() || !v.Type().IsObjectType() || !v.Type().HasAttribute("env") {
		return nil, false
	}
	env := v.GetAttr("env")
	if !env.IsKnown() || env.IsNull() || !env.CanIterateElements() {
		return nil, false
	}
	return env.AsValueMap(), true
}

// sensitivePaths lists where v holds sensitive values.
func sensitivePaths(v cty.Value) []cty.Path {
	_, marks := v.UnmarkDeepWithPaths()
	var paths []cty.Path
	for _, m := range marks {
		if _, ok := m.Marks[backend.Sensitive]; ok {
			paths = append(paths, m.Path)
		}
	}
	return paths
}
