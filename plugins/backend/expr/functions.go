package expr

import (
	"maps"

	"github.com/hashicorp/hcl/v2/ext/tryfunc"
	ctyyaml "github.com/zclconf/go-cty-yaml"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

// Env is what functions may ask of the outside world. A nil field means that
// the functions that need it are not offered: the live phase and plugins have
// none of them, the loader has all.
type Env struct {
	// Getenv looks an environment variable up, for env(name, default).
	Getenv func(name string) (value string, ok bool)

	// Dir is the directory of the file with the expression, as a rule the
	// configuration directory: file and templatefile read below it
	// and nowhere else, whatever a path or a symbolic link says.
	Dir string

	// ReadFile reads a regular file below Dir; path is absolute and without
	// symbolic links.
	ReadFile func(path string) ([]byte, error)

	// Secret gives the value of a reference such as "env:NAME": an unknown
	// string while files are checked. The result is marked here if it is not
	// marked already. That the reference is written as a plain string is
	// checked by the loader, on the syntax tree.
	Secret func(ref string) (cty.Value, error)
}

// Functions returns the function table by name, for an hcl.EvalContext. The
// caller may change the map.
func Functions(env Env) map[string]function.Function {
	table := pure()
	maps.Copy(table, env.functions())
	if env.readsFiles() {
		table["file"] = fileFunc(env)
		// A template may call everything but templatefile itself.
		table["templatefile"] = templateFileFunc(env, shieldAll(table))
	}
	return shieldAll(table)
}

// Outside lists the functions that need an Env. Plugins have none, so an
// expression attribute can't call them.
func Outside() []string { return []string{"env", "file", "secret", "templatefile"} }

// Reserved returns the names that the language knows and this version does not
// offer, each with the reason.
func Reserved() map[string]string {
	return map[string]string{
		"bcrypt": "it gives another text at every call, and a template that is rendered twice must give the same text",
	}
}

func pure() map[string]function.Function {
	table := map[string]function.Function{}
	for _, group := range []map[string]function.Function{
		numbers(), texts(), patterns(), collections(), conversions(), encodings(), digests(), times(),
	} {
		maps.Copy(table, group)
	}
	return table
}

func numbers() map[string]function.Function {
	return map[string]function.Function{
		"abs":      stdlib.AbsoluteFunc,
		"ceil":     stdlib.CeilFunc,
		"floor":    stdlib.FloorFunc,
		"max":      stdlib.MaxFunc,
		"min":      stdlib.MinFunc,
		"parseint": stdlib.ParseIntFunc,
		"signum":   stdlib.SignumFunc,
	}
}

func texts() map[string]function.Function {
	return map[string]function.Function{
		"chomp":       stdlib.ChompFunc,
		"endswith":    endsWithFunc(),
		"format":      formatBounded(stdlib.FormatFunc),
		"formatlist":  formatBounded(stdlib.FormatListFunc),
		"indent":      indentFunc(),
		"join":        stdlib.JoinFunc,
		"lower":       stdlib.LowerFunc,
		"reverse":     stdlib.ReverseFunc,
		"slug":        slugFunc(),
		"split":       stdlib.SplitFunc,
		"startswith":  startsWithFunc(),
		"strcontains": strContainsFunc(),
		"strlen":      stdlib.StrlenFunc,
		"substr":      stdlib.SubstrFunc,
		"title":       stdlib.TitleFunc,
		"trim":        stdlib.TrimFunc,
		"trimprefix":  stdlib.TrimPrefixFunc,
		"trimspace":   stdlib.TrimSpaceFunc,
		"trimsuffix":  stdlib.TrimSuffixFunc,
		"upper":       stdlib.UpperFunc,
	}
}

func patterns() map[string]function.Function {
	return map[string]function.Function{
		"regex":    stdlib.RegexFunc,
		"regexall": stdlib.RegexAllFunc,
		"replace":  replaceFunc(),
	}
}

func collections() map[string]function.Function {
	return map[string]function.Function{
		"chunklist":       stdlib.ChunklistFunc,
		"coalesce":        coalesceFunc(),
		"coalescelist":    stdlib.CoalesceListFunc,
		"compact":         stdlib.CompactFunc,
		"concat":          stdlib.ConcatFunc,
		"contains":        stdlib.ContainsFunc,
		"distinct":        stdlib.DistinctFunc,
		"element":         stdlib.ElementFunc,
		"flatten":         stdlib.FlattenFunc,
		"index":           indexFunc(),
		"keys":            stdlib.KeysFunc,
		"length":          lengthFunc(),
		"lookup":          stdlib.LookupFunc,
		"merge":           stdlib.MergeFunc,
		"range":           stdlib.RangeFunc,
		"reverselist":     stdlib.ReverseListFunc,
		"setintersection": stdlib.SetIntersectionFunc,
		"setproduct":      setProductFunc(),
		"setsubtract":     stdlib.SetSubtractFunc,
		"setunion":        stdlib.SetUnionFunc,
		"slice":           stdlib.SliceFunc,
		"sort":            stdlib.SortFunc,
		"values":          stdlib.ValuesFunc,
		"zipmap":          stdlib.ZipmapFunc,
	}
}

func conversions() map[string]function.Function {
	return map[string]function.Function{
		"can":          tryfunc.CanFunc,
		"nonsensitive": nonsensitiveFunc(),
		"sensitive":    sensitiveFunc(),
		"tobool":       stdlib.MakeToFunc(cty.Bool),
		"tolist":       stdlib.MakeToFunc(cty.List(cty.DynamicPseudoType)),
		"tomap":        stdlib.MakeToFunc(cty.Map(cty.DynamicPseudoType)),
		"tonumber":     numbersBounded(stdlib.MakeToFunc(cty.Number)),
		"toset":        stdlib.MakeToFunc(cty.Set(cty.DynamicPseudoType)),
		"tostring":     stdlib.MakeToFunc(cty.String),
		"try":          tryfunc.TryFunc,
	}
}

func encodings() map[string]function.Function {
	return map[string]function.Function{
		"base64decode": base64DecodeFunc(),
		"base64encode": base64EncodeFunc(),
		"csvdecode":    stdlib.CSVDecodeFunc,
		"jsondecode":   numbersBounded(stdlib.JSONDecodeFunc),
		"jsonencode":   stdlib.JSONEncodeFunc,
		"urldecode":    urlDecodeFunc(),
		"urlencode":    urlEncodeFunc(),
		"yamldecode":   numbersBounded(ctyyaml.YAMLDecodeFunc),
		"yamlencode":   ctyyaml.YAMLEncodeFunc,
	}
}

func digests() map[string]function.Function {
	return map[string]function.Function{
		"hmacsha256": hmacSHA256Func(),
		"sha256":     sha256Func(),
		"uuidv5":     uuidV5Func(),
	}
}

func times() map[string]function.Function {
	return map[string]function.Function{
		"formatdate": stdlib.FormatDateFunc,
		"timeadd":    stdlib.TimeAddFunc,
	}
}
