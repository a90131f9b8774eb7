package expr

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
	"github.com/zclconf/go-cty/cty/function"

	"github.com/addongw/addongw/plugins/backend"
)

// fileLimit bounds what file and templatefile read: descriptions and
// templates, not data.
const fileLimit = 1 << 20

func (env Env) readsFiles() bool { return env.Dir != "" && env.ReadFile != nil }

// functions gives env and secret, as far as they are offered.
func (env Env) functions() map[string]function.Function {
	table := map[string]function.Function{}
	if env.Getenv != nil {
		table["env"] = envFunc(env.Getenv)
	}
	if env.Secret != nil {
		table["secret"] = secretFunc(env.Secret)
	}
	return table
}

func envFunc(lookup func(string) (string, bool)) function.Function {
	return function.New(&function.Spec{
		Description: "Reads an environment variable; the second argument is for when it is not set.",
		Params:      []function.Parameter{{Name: "name", Type: cty.String}},
		VarParam:    &function.Parameter{Name: "default", Type: cty.String},
		Type:        function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			if len(args) > 2 {
				return cty.NilVal, function.NewArgErrorf(2, "env takes a name and one default")
			}
			name := args[0].AsString()
			if value, ok := lookup(name); ok {
				return cty.StringVal(value), nil
			}
			if len(args) == 2 {
				return args[1], nil
			}
			return cty.NilVal, function.NewArgErrorf(0, "the environment variable %s is not set, and there is no default", name)
		},
	})
}

func secretFunc(read func(string) (cty.Value, error)) function.Function {
	return function.New(&function.Spec{
		Description: `Reads a secret: secret("source:key").`,
		Params:      []function.Parameter{{Name: "reference", Type: cty.String}},
		Type:        function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			value, err := read(args[0].AsString())
			if err != nil {
				return cty.NilVal, function.NewArgError(0, err)
			}
			return value.Mark(backend.Sensitive), nil
		},
	})
}

func fileFunc(env Env) function.Function {
	return function.New(&function.Spec{
		Description: "Reads a text file below the configuration directory.",
		Params:      []function.Parameter{{Name: "path", Type: cty.String}},
		Type:        function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			text, err := env.read(args[0].AsString())
			if err != nil {
				return cty.NilVal, function.NewArgError(0, err)
			}
			return cty.StringVal(text), nil
		},
	})
}

// templateFileFunc renders a file as a template. functions are those that the
// template may call.
func templateFileFunc(env Env, functions map[string]function.Function) function.Function {
	return function.New(&function.Spec{
		Description: "Renders a template file below the configuration directory.",
		Params: []function.Parameter{
			{Name: "path", Type: cty.String},
			accepting(function.Parameter{Name: "vars", Type: cty.DynamicPseudoType}),
		},
		Type: function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			path := args[0].AsString()
			text, err := env.read(path)
			if err != nil {
				return cty.NilVal, function.NewArgError(0, err)
			}
			return render(path, text, args[1], functions)
		},
	})
}

func render(path, text string, vars cty.Value, functions map[string]function.Function) (cty.Value, error) {
	bare, marks := vars.Unmark()
	if !bare.IsKnown() {
		return cty.UnknownVal(cty.String).WithMarks(marks), nil
	}
	if t := bare.Type(); bare.IsNull() || !t.IsObjectType() && !t.IsMapType() {
		return cty.NilVal, function.NewArgErrorf(1, "the second argument must be a map of values for the template")
	}
	parsed, diags := hclsyntax.ParseTemplate([]byte(text), path, hcl.InitialPos)
	if diags.HasErrors() {
		return cty.NilVal, function.NewArgErrorf(0, "%s", first(diags))
	}
	scope := &hcl.EvalContext{Variables: map[string]cty.Value{}, Functions: functions}
	maps.Copy(scope.Variables, bare.AsValueMap())
	value, diags := parsed.Value(scope)
	if diags.HasErrors() {
		return cty.NilVal, function.NewArgErrorf(0, "%s", first(diags))
	}
	rendered, err := convert.Convert(value, cty.String)
	if err != nil {
		return cty.NilVal, function.NewArgErrorf(0, "%s does not render to text: %w", path, err)
	}
	return rendered.WithMarks(marks), nil
}

func first(diags hcl.Diagnostics) string {
	d := diags[0]
	return fmt.Sprintf("%s, line %d: %s: %s", d.Subject.Filename, d.Subject.Start.Line, d.Summary, d.Detail)
}

// read returns the text of a file below the configuration directory.
func (env Env) read(path string) (string, error) {
	real, err := env.resolve(path)
	if err != nil {
		return "", err
	}
	info, err := os.Stat(real)
	if err != nil {
		return "", fmt.Errorf("read %s: %w", path, bare(err))
	}
	if !info.Mode().IsRegular() {
		return "", fmt.Errorf("read %s: it is not a file", path)
	}
	if info.Size() > fileLimit {
		return "", fmt.Errorf("read %s: it has %d bytes; %d are allowed", path, info.Size(), fileLimit)
	}
	content, err := env.ReadFile(real)
	if err != nil {
		return "", fmt.Errorf("read %s: %w", path, bare(err))
	}
	if !utf8.Valid(content) {
		return "", fmt.Errorf("read %s: it is not UTF-8 text", path)
	}
	return string(content), nil
}

// resolve makes path absolute, follows its symbolic links and refuses one that
// leads out of the configuration directory.
func (env Env) resolve(path string) (string, error) {
	dir, err := filepath.Abs(env.Dir)
	if err != nil {
		return "", fmt.Errorf("find the configuration directory: %w", err)
	}
	dir, err = filepath.EvalSymlinks(dir)
	if err != nil {
		return "", fmt.Errorf("find the configuration directory: %w", bare(err))
	}
	whole := path
	if !filepath.IsAbs(path) {
		whole = filepath.Join(dir, path)
	}
	real, err := filepath.EvalSymlinks(whole)
	if err != nil {
		return "", fmt.Errorf("read %s: %w", path, bare(err))
	}
	if within, err := filepath.Rel(dir, real); err != nil || !filepath.IsLocal(within) {
		return "", errors.New("only files below the directory of this file can be read")
	}
	return real, nil
}

// bare drops the machine's own path from an error: the one that the operator
// wrote is named already.
func bare(err error) error {
	var at *os.PathError
	if errors.As(err, &at) {
		return at.Err
	}
	return err
}
