package expr

import (
	"errors"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
)

// errHidden replaces every error that could quote a sensitive argument.
var errHidden = errors.New("it failed, and the reason is not shown because an argument is sensitive")

// shieldAll wraps the whole table except try and can, whose arguments are
// expressions: what fails in them fails in another function of the table.
//
// Wrapping only the functions that are known to quote their arguments would
// need a list that every upgrade of cty could make wrong.
func shieldAll(table map[string]function.Function) map[string]function.Function {
	out := make(map[string]function.Function, len(table))
	for name, f := range table {
		if name == "try" || name == "can" {
			out[name] = f
			continue
		}
		out[name] = shield(f)
	}
	return out
}

// shield makes a function that behaves as f does, marks included, but whose
// errors say nothing as soon as one argument is sensitive.
func shield(f function.Function) function.Function {
	return around(f, func(args []cty.Value) (cty.Type, error) {
		t, err := f.ReturnTypeForValues(args)
		return t, hide(err, args)
	}, func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		v, err := f.Call(args)
		return v, hide(err, args)
	})
}

// wrap makes a function that behaves as f does between two checks; either may
// be nil.
func wrap(f function.Function, before func(args []cty.Value) error, after func(result cty.Value) error) function.Function {
	return around(f, func(args []cty.Value) (cty.Type, error) {
		if before != nil {
			if err := before(args); err != nil {
				return cty.NilType, err
			}
		}
		return f.ReturnTypeForValues(args)
	}, func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		v, err := f.Call(args)
		if err == nil && after != nil {
			err = after(v)
		}
		return v, err
	})
}

// around makes a function with f's parameters that accepts whatever may be
// passed and leaves every decision to f: were an argument unmarked on the way,
// the error could not be told from a harmless one.
func around(f function.Function, typ function.TypeFunc, impl function.ImplFunc) function.Function {
	params := f.Params()
	for i := range params {
		params[i] = accepting(params[i])
	}
	var rest *function.Parameter
	if p := f.VarParam(); p != nil {
		accepts := accepting(*p)
		rest = &accepts
	}
	return function.New(&function.Spec{Description: f.Description(), Params: params, VarParam: rest, Type: typ, Impl: impl})
}

func accepting(p function.Parameter) function.Parameter {
	p.AllowNull, p.AllowUnknown, p.AllowDynamicType, p.AllowMarked = true, true, true, true
	return p
}

// hide keeps which argument is at fault: an error about another argument, or
// none, may quote the sensitive one as well.
func hide(err error, args []cty.Value) error {
	if err == nil || !anyMarked(args) {
		return err
	}
	var at function.ArgError
	if errors.As(err, &at) {
		return function.NewArgError(at.Index, errHidden)
	}
	return errHidden
}

func anyMarked(args []cty.Value) bool {
	for _, a := range args {
		if a.ContainsMarked() {
			return true
		}
	}
	return false
}
