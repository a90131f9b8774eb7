package shell

import (
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/plugins/backend"
	"github.com/addongw/addongw/plugins/backend/declared"
)

// settings is a checked config block.
type settings struct {
	directory string            // absolute; empty when it was not known
	user      string            // empty: the plugin's own
	account   *account          // of user; set by Configure
	outputs   []declared.Output // sorted by name
	actions   []string

	actionsOnly bool // there is neither a script provision nor a script deprovision, only actions
}

func configSchema() backend.Schema {
	return backend.Schema{
		Attributes: []backend.Attribute{{
			Name: "directory", Type: cty.String, Required: true, FilePath: true,
			Doc: "Folder with one executable per verb: provision and deprovision, and where they are wanted change_plan, suspend, resume, rotate and read; and one per action.",
		}, {
			Name: "user", Type: cty.String,
			Doc: "System user that the scripts run as; the gateway must then run as root. Default: the gateway's own.",
		}, {
			Name: "env", Type: cty.Map(cty.String), Live: true,
			Doc: "Environment of the scripts, beside the few variables that are always there. Never a secret: those arrive on standard input.",
		}, {
			Name: "actions", Type: cty.List(cty.String),
			Doc: "Actions that the scripts serve, such as create_server: each has an executable of its name, or else the one called invoke serves it. With actions, provision and deprovision may both be absent.",
		}},
		Blocks: []backend.Block{declared.Block("A value that the scripts return, for config vars and other templates.", "the scripts")},
	}
}

// configBlock is the part of a config block that is evaluated when files are
// loaded.
type configBlock struct {
	Directory string   `json:"directory"`
	User      string   `json:"user"`
	Actions   []string `json:"actions"`
}

// readConfig checks a config block, of which parts may be unknown.
func readConfig(config backend.Value) (settings, backend.Diagnostics) {
	var block configBlock
	if err := config.Decode(&block); err != nil {
		return settings{}, backend.Diagnostics{problem(nil, "This config block can't be read", err.Error())}
	}
	outputs, problems := declared.Read(config)
	problems = append(problems, checkEnvironment(config)...)
	problems = append(problems, checkActions(config, block.Actions)...)
	s := settings{directory: block.Directory, user: block.User, outputs: outputs, actions: block.Actions}
	if config.Known("directory") {
		problems = append(problems, checkDirectory(block.Directory, block.Actions)...)
		s.actionsOnly = len(block.Actions) > 0 && !makesAddons(block.Directory)
	}
	return s, problems
}

func checkDirectory(directory string, actions []string) backend.Diagnostics {
	if !filepath.IsAbs(directory) {
		return backend.Diagnostics{problem(cty.GetAttrPath("directory"),
			fmt.Sprintf("The path %q is not absolute", directory), "")}
	}
	return checkScripts(directory, actions)
}

var variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// checkEnvironment checks names and sensitivity of env; values may be unknown.
func checkEnvironment(config backend.Value) backend.Diagnostics {
	var problems backend.Diagnostics
	for _, path := range sensitivePaths(config.Cty()) {
		if len(path) > 0 && !path[:1].Equals(cty.GetAttrPath("env")) {
			continue
		}
		problems = append(problems, problem(path, "A secret can't be in env: every process of the machine's user could read it",
			"Secrets reach a script on its standard input, in the members secrets and outputs."))
	}
	env, known := environmentOf(config)
	if !known {
		return problems
	}
	for _, name := range slices.Sorted(maps.Keys(env)) {
		if why := refusedName(name); why != "" {
			problems = append(problems, problem(cty.GetAttrPath("env").IndexString(name),
				fmt.Sprintf("%q %s", name, why), ""))
		}
	}
	return problems
}

// refusedName says why a variable can't be called name; empty: it can.
func refusedName(name string) string {
	switch {
	case !variableName.MatchString(name):
		return "is no name for an environment variable: use letters, digits and _"
	case strings.HasPrefix(name, "ADDONGW_"):
		return "is taken: names that begin with ADDONGW_ are set by the gateway"
	case name == "HOME" || name == "TMPDIR":
		return "is taken: each call has its own work folder there"
	}
	return ""
}

func problem(path cty.Path, summary, detail string) backend.Diagnostic {
	return backend.Diagnostic{Severity: backend.SeverityError, Summary: summary, Detail: detail, Path: path}
}
