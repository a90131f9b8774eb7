package expr

import (
	"errors"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

// coalesceFunc returns the first argument that is neither null nor the empty
// text, as Terraform does; cty's own would return the empty text.
func coalesceFunc() function.Function {
	return function.New(&function.Spec{
		Description: "Gives the first argument that is neither null nor empty text.",
		VarParam: &function.Parameter{
			Name: "values", Type: cty.DynamicPseudoType,
			AllowNull: true, AllowUnknown: true, AllowDynamicType: true,
		},
		Type: func(args []cty.Value) (cty.Type, error) {
			types := make([]cty.Type, len(args))
			for i, a := range args {
				types[i] = a.Type()
			}
			common, _ := convert.UnifyUnsafe(types)
			if common == cty.NilType {
				return cty.NilType, errors.New("all arguments must have the same type")
			}
			return common, nil
		},
		Impl: coalesce,
	})
}

func coalesce(args []cty.Value, common cty.Type) (cty.Value, error) {
	for i, a := range args {
		v, err := convert.Convert(a, common)
		if err != nil {
			return cty.NilVal, function.NewArgError(i, err)
		}
		if !v.IsKnown() {
			return cty.UnknownVal(common), nil
		}
		if v.IsNull() || v.Type() == cty.String && v.AsString() == "" {
			continue
		}
		return v, nil
	}
	return cty.NilVal, errors.New("every argument is null or empty text")
}

// indexFunc finds the position of a value in a list, as Terraform's index
// does; cty's function of that name looks a key up.
func indexFunc() function.Function {
	return function.New(&function.Spec{
		Description: "Finds the position of a value in a list, counted from 0.",
		Params: []function.Parameter{
			{Name: "list", Type: cty.DynamicPseudoType}, {Name: "value", Type: cty.DynamicPseudoType},
		},
		Type:         func(args []cty.Value) (cty.Type, error) { return cty.Number, listArgument(args[0]) },
		RefineResult: notNull,
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			position := int64(0)
			for it := args[0].ElementIterator(); it.Next(); position++ {
				_, item := it.Element()
				equal, err := stdlib.Equal(item, args[1])
				if err != nil {
					continue // of another type, so another value
				}
				if !equal.IsKnown() {
					return cty.UnknownVal(cty.Number), nil
				}
				if equal.True() {
					return cty.NumberIntVal(position), nil
				}
			}
			return cty.NilVal, function.NewArgErrorf(1, "the list does not have this value")
		},
	})
}

func listArgument(v cty.Value) error {
	t := v.Type()
	if t.IsListType() || t.IsTupleType() || t == cty.DynamicPseudoType {
		return nil
	}
	return function.NewArgErrorf(0, "a list is required, not %s", t.FriendlyName())
}

// lengthFunc counts the items of a collection or, as Terraform does, the
// characters of a text and the attributes of an object.
func lengthFunc() function.Function {
	return function.New(&function.Spec{
		Description: "Counts the items of a collection or the characters of a text.",
		Params:      []function.Parameter{accepting(function.Parameter{Name: "value", Type: cty.DynamicPseudoType})},
		Type: func(args []cty.Value) (cty.Type, error) {
			if args[0].Type().IsObjectType() {
				return cty.Number, nil
			}
			return counterOf(args[0]).ReturnTypeForValues(args)
		},
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			if t := args[0].Type(); t.IsObjectType() && !args[0].IsNull() {
				return cty.NumberIntVal(int64(len(t.AttributeTypes()))).WithSameMarks(args[0]), nil
			}
			return counterOf(args[0]).Call(args)
		},
	})
}

func counterOf(v cty.Value) function.Function {
	if v.Type() == cty.String {
		return stdlib.StrlenFunc
	}
	return stdlib.LengthFunc
}
