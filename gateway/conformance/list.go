package conformance

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/addongw/addongw/spec"
)

// check is a check of any kind: a rule of the manifest, an exchange or one in
// Go.
type check struct {
	Head
	name  string   // of the exchange; empty: it is none
	needs []string // names or ids
	last  bool
	run   func(context.Context, *Session) Finding
}

// listChecks returns all checks of a platform in the order of groups and ids.
func listChecks(p Tested, provider Provider, problems []Problem) ([]check, error) {
	var checks []check
	if provider.Manifest != nil {
		checks = manifestChecks(p.ManifestRules(), problems)
	}
	exchanges, err := spec.Exchanges(p.Name())
	if err != nil {
		return nil, err
	}
	vars := p.Vars(provider)
	for _, e := range exchanges {
		c, err := exchangeCheck(e, vars)
		if err != nil {
			return nil, err
		}
		checks = append(checks, c)
	}
	for _, c := range p.Checks() {
		checks = append(checks, check{Head: c.Head, needs: c.Needs, last: c.Last, run: c.Run})
	}
	slices.SortStableFunc(checks, inOrder)
	return checks, nil
}

func manifestChecks(rules []Head, problems []Problem) []check {
	var checks []check
	for _, rule := range rules {
		var finding Finding
		for _, problem := range problems {
			switch {
			case problem.Rule == rule.ID:
				finding.Problems = append(finding.Problems, problem.Text)
			case problem.Unreadable:
				finding.Blocked = problem.Rule + " does not hold"
			}
		}
		checks = append(checks, check{Head: rule, run: func(context.Context, *Session) Finding { return finding }})
	}
	return checks
}

func exchangeCheck(e spec.Exchange, vars spec.Vars) (check, error) {
	group, ok := groupOf(e.ShortName())
	if !ok {
		return check{}, fmt.Errorf("the exchange %s belongs to no group", e.Name)
	}
	return check{
		Head: Head{
			ID: e.ID, Group: group, Title: e.Title, Level: e.Level,
			Source: e.Source, Says: e.Says, Note: e.Note, Platform: e.Platform,
		},
		name: e.ShortName(), needs: e.Needs,
		run: func(ctx context.Context, s *Session) Finding { return play(ctx, s, e, vars.Clone()) },
	}, nil
}

// inOrder sorts by group, and CC-P2 before CC-P10.
func inOrder(a, b check) int {
	groups := Groups()
	return cmp.Or(
		cmp.Compare(slices.Index(groups, a.Group), slices.Index(groups, b.Group)),
		cmp.Compare(ordinal(a.ID), ordinal(b.ID)),
	)
}

// ordinal is the number at an id's end.
func ordinal(id string) int {
	digits := strings.TrimLeft(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZ-")
	n, _ := strconv.Atoi(digits) // an id without a number comes first
	return n
}

func findCheck(checks []check, name string) (check, bool) {
	i := slices.IndexFunc(checks, func(c check) bool { return c.ID == name || c.name != "" && c.name == name })
	if i < 0 {
		return check{}, false
	}
	return checks[i], true
}

// choose returns the checks that are wanted. Names are groups, ids and names of
// exchanges.
func choose(checks []check, only []string) ([]check, error) {
	if len(only) == 0 {
		return checks, nil
	}
	var chosen []check
	for _, name := range only {
		if !slices.ContainsFunc(checks, func(c check) bool { return c.called(name) }) {
			groups, ids := known(checks)
			return nil, &UnknownCheckError{Name: name, Groups: groups, IDs: ids}
		}
	}
	for _, c := range checks {
		if slices.ContainsFunc(only, c.called) {
			chosen = append(chosen, c)
		}
	}
	return chosen, nil
}

func (c check) called(name string) bool {
	return strings.EqualFold(name, c.ID) || name == c.name && name != "" || strings.ReplaceAll(name, "-", "_") == string(c.Group)
}

// UnknownCheckError says that Options.Only names what does not exist.
type UnknownCheckError struct {
	Name        string
	Groups, IDs []string // that there are
}

// Error names it.
func (e *UnknownCheckError) Error() string {
	return fmt.Sprintf("there is no check or group %q", e.Name)
}

func known(checks []check) (groups, ids []string) {
	for _, c := range checks {
		if !slices.Contains(groups, string(c.Group)) {
			groups = append(groups, string(c.Group))
		}
		ids = append(ids, c.ID)
	}
	return groups, ids
}

// Names returns what Options.Only may name for a platform: groups, then ids.
func Names(p Tested) ([]string, error) {
	checks, err := listChecks(p, Provider{Manifest: []byte("{}")}, nil)
	groups, ids := known(checks)
	return append(groups, ids...), err
}
