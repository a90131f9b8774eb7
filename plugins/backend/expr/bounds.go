package expr

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

// Limits of what one call may make. Arguments may come from a customer, and a
// text of some gigabytes would end the whole process.
const (
	widthLimit    = 1000    // columns that indent and a verb of format may ask for
	productLimit  = 100_000 // items that setproduct may make
	exponentLimit = 1100    // of a number in base 2: a little beyond what 64-bit floats hold
)

// bounded wraps f with a check of its known arguments, without marks.
func bounded(f function.Function, check func(args []cty.Value) error) function.Function {
	return wrap(f, func(args []cty.Value) error {
		bare := make([]cty.Value, len(args))
		for i, a := range args {
			bare[i], _ = a.UnmarkDeep()
			if !bare[i].IsWhollyKnown() || bare[i].IsNull() {
				return nil
			}
		}
		return check(bare)
	}, nil)
}

func indentFunc() function.Function {
	return bounded(stdlib.IndentFunc, func(args []cty.Value) error {
		if args[0].GreaterThan(cty.NumberIntVal(widthLimit)).True() {
			return function.NewArgErrorf(0, "at most %d spaces are possible", widthLimit)
		}
		return nil
	})
}

// formatBounded is for format and formatlist.
func formatBounded(f function.Function) function.Function {
	numbers := regexp.MustCompile(`%[^a-zA-Z%]*`)
	digits := regexp.MustCompile(`\d+`)
	return bounded(f, func(args []cty.Value) error {
		for _, verb := range numbers.FindAllString(args[0].AsString(), -1) {
			for _, n := range digits.FindAllString(verb, -1) {
				if width, err := strconv.Atoi(n); err != nil || width > widthLimit {
					return function.NewArgErrorf(0, "widths, precisions and argument numbers go up to %d", widthLimit)
				}
			}
		}
		return nil
	})
}

func setProductFunc() function.Function {
	return bounded(stdlib.SetProductFunc, func(args []cty.Value) error {
		items := 1
		for _, a := range args {
			if !a.CanIterateElements() {
				return nil // for setproduct itself to refuse
			}
			if items *= a.LengthInt(); items > productLimit {
				return fmt.Errorf("it would make more than %d items", productLimit)
			}
		}
		return nil
	})
}

// numbersBounded is for functions that read numbers: writing 1e9999999 in
// digits, which any template does, takes more than a minute.
func numbersBounded(f function.Function) function.Function {
	return wrap(f, nil, checkNumbers)
}

// checkNumbers refuses numbers far beyond 64-bit floats, at every depth.
func checkNumbers(v cty.Value) error {
	bare, _ := v.UnmarkDeep()
	return cty.Walk(bare, func(_ cty.Path, v cty.Value) (bool, error) {
		if v.Type() == cty.Number && v.IsKnown() && !v.IsNull() {
			if exponent := v.AsBigFloat().MantExp(nil); exponent > exponentLimit || exponent < -exponentLimit {
				return false, errors.New("the number is too large or too small")
			}
		}
		return true, nil
	})
}
