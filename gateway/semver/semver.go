package semver

import (
	"slices"

	"github.com/hashicorp/go-version"
)

// Constraint is what versions will do. The zero Constraint is any.
type Constraint struct{ all version.Constraints }

// Parse reads a constraint such as "~> 1.0" or ">= 1.2, < 2"; "" is any.
func Parse(text string) (Constraint, error) {
	if text == "" {
		return Constraint{}, nil
	}
	all, err := version.NewConstraint(text)
	return Constraint{all}, err
}

// Admits reports whether a version, such as "1.2.0", will do. One before a release,
// such as "1.2.0-rc.1", counts as the release, unless the constraint itself names
// one of those. What is no version will not do.
func (c Constraint) Admits(text string) bool {
	if len(c.all) == 0 {
		return true
	}
	v, err := version.NewVersion(text)
	if err != nil {
		return false
	}
	if !slices.ContainsFunc(c.all, (*version.Constraint).Prerelease) {
		v = v.Core()
	}
	return c.all.Check(v)
}
