package nanobox

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/addongw/addongw/gateway/conformance"
)

// The levels of a catalog. Types are judged one rule after the other, so that
// anything is read.
type (
	region struct {
		ID, Name any
		Plans    []plan
		unlisted bool // "plans" is no list
	}
	plan struct {
		ID, Name, Title any
		Specs           []size
		unlisted        bool // "specs" is no list
	}
	size struct {
		ID      any
		members map[string]any
	}
)

func readCatalog(text []byte) (regions []region, err error) {
	var list []any
	if err := json.Unmarshal(text, &list); err != nil {
		return nil, err
	}
	for _, element := range list {
		object, _ := element.(map[string]any)
		r := region{ID: object["id"], Name: object["name"]}
		plans, ok := object["plans"].([]any)
		r.unlisted = !ok
		for _, element := range plans {
			r.Plans = append(r.Plans, readPlan(element))
		}
		regions = append(regions, r)
	}
	return regions, nil
}

func readPlan(element any) plan {
	object, _ := element.(map[string]any)
	p := plan{ID: object["id"], Name: object["name"], Title: object["title"]}
	specs, ok := object["specs"].([]any)
	p.unlisted = !ok
	for _, element := range specs {
		members, _ := element.(map[string]any)
		p.Specs = append(p.Specs, size{members["id"], members})
	}
	return p
}

func (r region) sizes() (all []size) {
	for _, p := range r.Plans {
		all = append(all, p.Specs...)
	}
	return all
}

// onCatalog judges the catalog.
func onCatalog(judge func([]region) []string) judge {
	return func(ctx context.Context, s *conformance.Session) conformance.Finding {
		regions, why := askCatalog(ctx, s)
		if why != "" {
			return conformance.Finding{Blocked: why}
		}
		return finding(judge(regions))
	}
}

func askCatalog(ctx context.Context, s *conformance.Session) ([]region, string) {
	call, err := s.Send(ctx, NewClient(s.Provider).Catalog())
	if err != nil {
		return nil, "the catalog: " + err.Error()
	}
	regions, err := readCatalog(call.Answer.Body)
	if err != nil {
		return nil, "the catalog is no JSON list"
	}
	return regions, ""
}

func isText(v any) bool {
	text, ok := v.(string)
	return ok && text != ""
}

// texts judges ids and names.
func texts(regions []region) (problems []string) {
	want := func(at string, v any) {
		if !isText(v) {
			problems = append(problems, at+" is not a text with something in it")
		}
	}
	for i, r := range regions {
		at := fmt.Sprintf("[%d]", i)
		want(at+".id", r.ID)
		want(at+".name", r.Name)
		if r.unlisted {
			problems = append(problems, at+".plans is no list")
		}
		for j, p := range r.Plans {
			at := fmt.Sprintf("%s.plans[%d]", at, j)
			want(at+".id", p.ID)
			want(at+".name", p.Name)
			if p.unlisted {
				problems = append(problems, at+".specs is no list")
			}
			for k, s := range p.Specs {
				want(fmt.Sprintf("%s.specs[%d].id", at, k), s.ID)
			}
		}
	}
	return problems
}

// each judges a member of every size; wrong says what is wrong with it.
func each(regions []region, names []string, wrong func(v any) string) (problems []string) {
	for i, r := range regions {
		for j, p := range r.Plans {
			for k, s := range p.Specs {
				for _, name := range names {
					if why := wrong(s.members[name]); why != "" {
						problems = append(problems, fmt.Sprintf("[%d].plans[%d].specs[%d].%s %s", i, j, k, name, why))
					}
				}
			}
		}
	}
	return problems
}

// number reads a number, or the digits of one in a text, as Microbox core does.
func number(v any) (float64, bool) {
	switch v := v.(type) {
	case float64:
		return v, true
	case string:
		n, err := strconv.ParseFloat(v, 64)
		return n, err == nil && strings.Trim(v, "0123456789.") == ""
	default:
		return 0, false
	}
}

func whole(regions []region) []string {
	return each(regions, []string{"ram", "disk"}, func(v any) string {
		n, ok := number(v)
		if text, isText := v.(string); !ok || n != math.Trunc(n) || isText && strings.Contains(text, ".") {
			return "is no whole number"
		}
		return ""
	})
}

func prices(regions []region) []string {
	return each(regions, []string{"dollars_per_hr", "dollars_per_mo"}, func(v any) string {
		if n, ok := number(v); !ok || n < 0 {
			return "is no price"
		}
		return ""
	})
}

func cpus(regions []region) []string {
	return each(regions, []string{"cpu"}, func(v any) string {
		if _, ok := number(v); !ok {
			return "is no number"
		}
		return ""
	})
}

// numbers is stricter than Microbox core.
func numbers(regions []region) []string {
	problems := each(regions, []string{"ram", "cpu", "disk", "dollars_per_hr", "dollars_per_mo"}, func(v any) string {
		if isText(v) {
			return "is text"
		}
		return ""
	})
	return append(problems, each(regions, []string{"transfer"}, func(v any) string {
		if _, isNumber := v.(float64); !isNumber && !isText(v) {
			return "is neither a number nor a word"
		}
		return ""
	})...)
}

func titles(regions []region) (problems []string) {
	for i, r := range regions {
		for j, p := range r.Plans {
			if p.Title != p.Name {
				problems = append(problems, fmt.Sprintf("[%d].plans[%d].title is not its name", i, j))
			}
		}
	}
	return problems
}

func unique(regions []region) (problems []string) {
	seen := map[any]bool{}
	for i, r := range regions {
		if seen[r.ID] {
			problems = append(problems, fmt.Sprintf("[%d].id is that of another region", i))
		}
		seen[r.ID] = true
		sizes := map[any]bool{}
		for _, s := range r.sizes() {
			if sizes[s.ID] {
				problems = append(problems, fmt.Sprintf("[%d] has two sizes of one id", i))
			}
			sizes[s.ID] = true
		}
	}
	return problems
}
