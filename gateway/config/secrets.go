package config

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"

	"github.com/addongw/addongw/gateway/configvar"
	"github.com/addongw/addongw/gateway/diagnostic"
	"github.com/addongw/addongw/gateway/schema"
	"github.com/addongw/addongw/gateway/secret"
	"github.com/addongw/addongw/plugins/backend"
	"github.com/addongw/addongw/plugins/backend/expr"
)

type secretRef = configvar.SecretRef

// envSource is the source of secrets that exists without a block.
const envSource = "env"

func secretsTable() *schema.Block {
	return &schema.Block{
		Type: "secrets", Labels: []string{"type", "name"},
		Doc:     `A source of secrets, for secret("NAME:key"). The first label is its type, "file", the second its name. The source "env" reads the environment and needs no block.`,
		Example: secretsExample,
		Attributes: []schema.Attribute{
			{Name: "directory", Type: cty.String, Required: true, Doc: "The directory that has one file for each secret, called as the secret is; one newline at its end does not count. Relative to the configuration directory."},
		},
	}
}

// secretSources registers the sources. Their settings may use variables.
func (l *loader) secretSources(blocks []*schema.Content) {
	for _, c := range blocks {
		switch c.Label(0) {
		case "file":
		case "env", "systemd", "exec":
			l.add(diagnostic.NotInThisVersion(c.Label(0), c.LabelRange(0)))
			continue
		default:
			l.add(diagnostic.New(fmt.Sprintf("There is no kind of secret source called %q", c.Label(0)), c.LabelRange(0),
				diagnostic.Info{Code: "AG201", Hint: `write secrets "file" "NAME" { directory = "…" }`}))
			continue
		}
		decoded := l.decode(c)
		name := c.Label(1)
		if _, taken := l.secrets.directories[name]; taken || name == envSource {
			l.add(wrong(fmt.Sprintf("The secret source %q exists already", name), c.LabelRange(1), "give it another name"))
			continue
		}
		l.secrets.directories[name] = absolute(l.files.dirOf(c.Range), decoded.Text("directory"))
	}
	l.checkRefs()
}

// checkRefs reports references to sources that do not exist.
func (l *loader) checkRefs() {
	names := append(slices.Collect(maps.Keys(l.secrets.directories)), envSource)
	for _, ref := range l.refs {
		source, key, ok := strings.Cut(ref.Text, ":")
		switch {
		case !ok || key == "":
			l.add(diagnostic.New("This secret has no source", ref.Range, diagnostic.Info{
				Code: "AG501", Hint: fmt.Sprintf("write secret(%q)", "env:"+strings.TrimSuffix(ref.Text, ":")),
			}))
		case !slices.Contains(names, source) && !l.unsure("secrets"):
			l.add(diagnostic.New(fmt.Sprintf("There is no secret source %q", source), ref.Range, diagnostic.Info{
				Code: "AG501", Hint: diagnostic.DidYouMean(source, names), Notes: []string{"sources: " + diagnostic.List(names)},
			}))
		}
	}
}

// missingSecrets reports the secrets that were asked for and are not there:
// each where it is named, or without a place where JSON or a template names it.
func (l *loader) missingSecrets() {
	placed := map[string]bool{}
	for _, ref := range l.refs {
		if problem, ok := l.secrets.failed[ref.Text]; ok {
			placed[ref.Text] = true
			d := missingSecret(ref.Text, problem, l.ours(ref.Range))
			d.Subject = &ref.Range
			l.add(d)
		}
	}
	for _, ref := range slices.Sorted(maps.Keys(l.secrets.failed)) {
		if !placed[ref] {
			l.add(missingSecret(ref, l.secrets.failed[ref], false))
		}
	}
}

// ours reports whether a place is in the password or sso_salt of a platform block,
// which we make up and the platform learns.
func (l *loader) ours(at hcl.Range) bool {
	return slices.ContainsFunc(l.anyWillDo, func(r hcl.Range) bool { return r.Filename == at.Filename && r.Overlaps(at) })
}

// missingSecret is about a secret that is not there; ours is one that may be any.
func missingSecret(ref, problem string, ours bool) *hcl.Diagnostic {
	source, key, _ := strings.Cut(ref, ":")
	switch {
	case source == envSource && ours:
		problem += fmt.Sprintf(`: export %s="$(addongw keys generate)", or the one that the platform knows already`, key)
	case source == envSource:
		problem += fmt.Sprintf(": export %s=…", key)
	}
	return &hcl.Diagnostic{
		Severity: hcl.DiagError, Summary: fmt.Sprintf("There is no secret %q in source %q", key, source),
		Extra: diagnostic.Info{Code: "AG501", Hint: problem},
	}
}

// secretReader gives the values of secrets. What it read it keeps in memory,
// so that rendering later sees the same and waits for no disk.
type secretReader struct {
	read        bool // false: every secret is unknown
	environ     func(string) (string, bool)
	directories map[string]string // sources of type file

	mu     sync.Mutex
	cache  map[string]string
	failed map[string]string // what is wrong, by reference
	others map[string]bool   // further texts that must not be printed
}

func newSecretReader(read bool, environ func(string) (string, bool)) *secretReader {
	return &secretReader{
		read: read, environ: environ,
		directories: map[string]string{}, cache: map[string]string{}, failed: map[string]string{}, others: map[string]bool{},
	}
}

// value is the function secret(). What can't be read is unknown here and
// reported once, at its place, by missingSecrets.
func (r *secretReader) value(ref string) (cty.Value, error) {
	unknown := cty.UnknownVal(cty.String).Mark(backend.Sensitive)
	if !r.read {
		return unknown, nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if text, ok := r.cache[ref]; ok {
		return cty.StringVal(text).Mark(backend.Sensitive), nil
	}
	text, err := r.lookup(ref)
	if err != nil {
		r.failed[ref] = err.Error()
		return unknown, nil
	}
	r.cache[ref] = text
	return cty.StringVal(text).Mark(backend.Sensitive), nil
}

// peek is value for what may be missing: that is no mistake.
func (r *secretReader) peek(ref string) (cty.Value, error) {
	r.mu.Lock()
	_, cached := r.cache[ref]
	_, err := r.lookup(ref)
	r.mu.Unlock()
	if !cached && err != nil {
		return cty.UnknownVal(cty.String).Mark(backend.Sensitive), nil
	}
	return r.value(ref)
}

func (r *secretReader) lookup(ref string) (string, error) {
	source, key, _ := strings.Cut(ref, ":")
	text := ""
	if source == envSource {
		found, ok := r.environ(key)
		if !ok {
			return "", errors.New("the environment variable is not set")
		}
		text = found
	} else if directory, ok := r.directories[source]; ok {
		found, err := readSecretFile(directory, key)
		if err != nil {
			return "", err
		}
		text = found
	} else {
		return "", errors.New("the source is not known here")
	}
	if text == "" {
		return "", errors.New("it is empty")
	}
	return text, nil
}

// readSecretFile reads a secret without the newline that editors put at its
// end.
func readSecretFile(directory, key string) (string, error) {
	if !filepath.IsLocal(key) {
		return "", errors.New("its name leads out of the source's directory")
	}
	path := filepath.Join(directory, key)
	text, err := os.ReadFile(path)
	var at *fs.PathError
	if errors.As(err, &at) {
		return "", fmt.Errorf("looked for %s: %w", path, at.Err)
	}
	return strings.TrimSuffix(strings.TrimSuffix(string(text), "\n"), "\r"), err
}

// remember keeps every sensitive text inside v for the redactor.
func (r *secretReader) remember(v cty.Value) {
	if v == cty.NilVal {
		return
	}
	_, paths := v.UnmarkDeepWithPaths()
	bare, _ := v.UnmarkDeep()
	for _, p := range paths {
		inner, err := p.Path.Apply(bare)
		if _, hidden := p.Marks[backend.Sensitive]; !hidden || err != nil {
			continue
		}
		_ = cty.Walk(inner, func(_ cty.Path, leaf cty.Value) (bool, error) {
			if leaf.Type() == cty.String && leaf.IsKnown() && !leaf.IsNull() && leaf.AsString() != "" {
				r.others[leaf.AsString()] = true
			}
			return true, nil
		})
	}
}

// values returns every secret that was read or written in the files.
func (r *secretReader) values() []secret.Value {
	all := maps.Clone(r.others)
	for _, text := range r.cache {
		all[text] = true
	}
	var list []secret.Value
	for _, text := range slices.Sorted(maps.Keys(all)) {
		list = append(list, secret.New(text))
	}
	return list
}

// functions is the table for everything in the files of one directory: file()
// and templatefile() read below it. Files are read once:
// what is rendered later must not depend on what happened to them since.
func functions(options Options, dir string, secrets *secretReader) map[string]function.Function {
	var mu sync.Mutex
	read := map[string][]byte{}
	return expr.Functions(expr.Env{
		Getenv: options.Environ,
		Dir:    dir,
		Secret: secrets.value,
		ReadFile: func(path string) ([]byte, error) {
			mu.Lock()
			defer mu.Unlock()
			if text, ok := read[path]; ok {
				return text, nil
			}
			text, err := os.ReadFile(path)
			if err == nil {
				read[path] = text
			}
			return text, err
		},
	})
}

// absolute makes a path of a file begin at the directory of that file.
func absolute(dir, path string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	if whole, err := filepath.Abs(filepath.Join(dir, path)); err == nil {
		return whole
	}
	return filepath.Join(dir, path)
}
