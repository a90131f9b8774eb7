package shell

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"

	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"github.com/addongw/addongw/plugins/backend"
	"github.com/addongw/addongw/plugins/backend/declared"
)

// sharedScript serves every action that has no script of its own.
const sharedScript = string(backend.VerbInvoke)

var actionName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,39}$`)

// reserved are the names that an action cannot have: scripts of those names are
// for verbs, of this version or of a later one.
func reserved() []string {
	names := []string{sharedScript, "meter", "validate"}
	for _, s := range scripts() {
		names = append(names, string(s.verb))
	}
	return names
}

// checkActions checks the names in the attribute actions.
func checkActions(config backend.Value, actions []string) backend.Diagnostics {
	path := cty.GetAttrPath("actions")
	if v, _ := config.Cty().UnmarkDeep(); !v.IsNull() && v.IsKnown() && v.Type().IsObjectType() && v.Type().HasAttribute("actions") && !v.GetAttr("actions").IsWhollyKnown() {
		return backend.Diagnostics{problem(path, "The actions must not depend on a secret", "Write their names as plain values.")}
	}
	var problems backend.Diagnostics
	seen := map[string]bool{}
	for i, name := range actions {
		at := path.IndexInt(i)
		switch {
		case !actionName.MatchString(name):
			problems = append(problems, problem(at, fmt.Sprintf("%s is no name for an action", quoteShort(name)),
				"Use at most 40 lower case letters, digits and _, beginning with a letter."))
		case slices.Contains(reserved(), name):
			problems = append(problems, problem(at, fmt.Sprintf("An action can't be called %q", name),
				"Scripts of that name are for a verb. Call the action something else."))
		case seen[name]:
			problems = append(problems, problem(at, fmt.Sprintf("The action %q is listed twice", name), "Remove one of them."))
		}
		seen[name] = true
	}
	return problems
}

// validActions are those that may be called so: what a plugin says must be well
// formed even where it complains of what it was told.
func (s settings) validActions() []string {
	var valid []string
	for _, name := range s.actions {
		if actionName.MatchString(name) && !slices.Contains(reserved(), name) && !slices.Contains(valid, name) {
			valid = append(valid, name)
		}
	}
	return valid
}

// checkActionScripts looks for the script of every action.
func checkActionScripts(directory string, actions []string) backend.Diagnostics {
	var problems backend.Diagnostics
	shared := false // the shared script was complained of
	for i, name := range actions {
		at := cty.GetAttrPath("actions").IndexInt(i)
		if !actionName.MatchString(name) || slices.Contains(reserved(), name) {
			continue // it is complained of already, and may lead out of the directory
		}
		path := actionScript(directory, name)
		isShared := filepath.Base(path) == sharedScript
		why, remedy, err := checkScript(path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			problems = append(problems, missingAction(directory, name, actions, at))
		case why != "" && !(isShared && shared):
			problems = append(problems, problem(at, why, remedy))
			shared = shared || isShared
		}
	}
	return problems
}

// missingAction looks for what the operator may have meant.
func missingAction(directory, name string, actions []string, at cty.Path) backend.Diagnostic {
	own := filepath.Join(directory, name)
	detail := fmt.Sprintf("Write an executable file %s, or one for all actions called %q beside it, or remove the name from actions.", own, sharedScript)
	there := slices.DeleteFunc(actionsIn(directory), func(other string) bool { return slices.Contains(actions, other) })
	if near := declared.Nearest(name, there); near != "" {
		detail = fmt.Sprintf("Did you mean %q? There is an executable of that name, and no action.", near)
	}
	if found, _ := filepath.Glob(own + ".*"); len(found) > 0 {
		detail = fmt.Sprintf("Is it %q? Scripts are called by the action alone: rename it.", filepath.Base(found[0]))
	}
	return problem(at, fmt.Sprintf("There is no script %q in %s", name, directory), detail)
}

// actionScript is the path of the script that serves an action: its own, even when
// something is wrong with it, or else the shared one.
func actionScript(directory, action string) string {
	own := filepath.Join(directory, action)
	if _, _, err := checkScript(own); errors.Is(err, fs.ErrNotExist) {
		return filepath.Join(directory, sharedScript)
	}
	return own
}

// makesAddons reports whether a directory has a script that makes or removes what
// is sold as an add-on. Without any, actions are all that there is.
func makesAddons(directory string) bool {
	for _, s := range scripts() {
		if _, _, err := checkScript(filepath.Join(directory, string(s.verb))); s.required && !errors.Is(err, fs.ErrNotExist) {
			return true
		}
	}
	return false
}

// Invoke runs the script of an action.
func (b *Backend) Invoke(ctx context.Context, req backend.InvokeRequest, events backend.Events) (backend.Result, error) {
	s := b.settings.Load()
	if s != nil && !slices.Contains(s.actions, req.Action) {
		return backend.Result{}, backend.Failf(backend.Unsupported, "the config block does not list the action %s", quoteShort(req.Action))
	}
	return b.finish(ctx, call{verb: backend.VerbInvoke, action: req.Action, args: req.Args, op: req.Op, events: events})
}

// invoked is the result of an action: any outputs are right.
func invoked(c call, a answer) (backend.Result, error) {
	outputs, err := freeOutputs(a.outputs)
	if err != nil {
		return backend.Result{}, backend.Failf(backend.Internal, "script %q: %v", c.name(), err)
	}
	state, err := sealState(kept{State: c.state}, c.secrets)
	if err != nil {
		return backend.Result{}, backend.Failf(backend.Internal, "script %q: %v", c.name(), err)
	}
	return backend.Result{Outputs: outputs, State: state}, nil
}

// freeOutputs reads outputs that no schema describes.
func freeOutputs(returned map[string]json.RawMessage) (backend.Value, error) {
	size := 0
	values := map[string]cty.Value{}
	for name, text := range returned {
		var v ctyjson.SimpleJSONValue
		if err := v.UnmarshalJSON(text); err != nil {
			return backend.Value{}, fmt.Errorf("output %s can't be read", quoteShort(name))
		}
		size += len(name) + len(text)
		values[name] = v.Value
	}
	if size > backend.MaxOutputs {
		return backend.Value{}, fmt.Errorf("the outputs are larger than %d bytes", backend.MaxOutputs)
	}
	return backend.NewValue(cty.ObjectVal(values)), nil
}
