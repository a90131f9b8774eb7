package nanobox

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/addongw/addongw/gateway/conformance"
)

type judge = func(context.Context, *conformance.Session) conformance.Finding

// onMeta judges the metadata.
func onMeta(judge func(meta map[string]any) []string) judge {
	return func(ctx context.Context, s *conformance.Session) conformance.Finding {
		meta, why := askMeta(ctx, s)
		if why != "" {
			return conformance.Finding{Blocked: why}
		}
		return finding(judge(meta))
	}
}

func askMeta(ctx context.Context, s *conformance.Session) (meta map[string]any, why string) {
	call, err := s.Send(ctx, NewClient(s.Provider).Meta())
	if err != nil {
		return nil, "the metadata: " + err.Error()
	}
	if json.Unmarshal(call.Answer.Body, &meta) != nil || meta == nil {
		return nil, "the metadata is no JSON object"
	}
	return meta, ""
}

// longestText is what Microbox core has place for.
const longestText = 255

func lengths(meta map[string]any) (problems []string) {
	for i, name := range []string{"id", "name", "server_nick_name", "bootstrap_script", "ssh_user", "internal_iface", "external_iface"} {
		value := meta[name]
		text, isText := value.(string)
		if value != nil && !isText && i > 2 { // the first three are judged elsewhere
			problems = append(problems, name+" is neither text nor null")
		}
		if n := utf8.RuneCountInString(text); n > longestText {
			problems = append(problems, fmt.Sprintf("%s has %d characters, more than %d", name, n, longestText))
		}
	}
	if script, _ := meta["bootstrap_script"].(string); script != "" {
		if u, err := url.Parse(script); err != nil || u.Host == "" {
			problems = append(problems, "bootstrap_script is no address")
		}
	}
	return problems
}

func fields(meta map[string]any) (problems []string) {
	list, _ := meta["credential_fields"].([]any)
	seen := map[string]bool{}
	for i, element := range list {
		at := fmt.Sprintf("credential_fields[%d]", i)
		field, isObject := element.(map[string]any)
		if !isObject {
			problems = append(problems, at+" is no object")
			continue
		}
		for _, name := range []string{"key", "label"} {
			if text, _ := field[name].(string); strings.TrimSpace(text) == "" {
				problems = append(problems, at+"."+name+" is not a text with something in it")
			}
		}
		key, _ := field["key"].(string)
		header := Header(key)
		if key != "" && seen[header] {
			problems = append(problems, fmt.Sprintf("%s.key makes the header %s, as another one does", at, header))
		}
		seen[header] = true
	}
	return problems
}

// defaults looks for the defaults in the catalog.
func defaults(ctx context.Context, s *conformance.Session) conformance.Finding {
	meta, why := askMeta(ctx, s)
	if why != "" {
		return conformance.Finding{Blocked: why}
	}
	regions, why := askCatalog(ctx, s)
	if why != "" {
		return conformance.Finding{Blocked: why}
	}
	return finding(resolve(meta, regions))
}

func resolve(meta map[string]any, regions []region) []string {
	for _, r := range regions {
		if r.ID != meta["default_region"] {
			continue
		}
		var problems []string
		plan, named := meta["default_plan"]
		inRegion, inPlan := false, false
		for _, p := range r.Plans {
			named = named && p.ID != plan
			for _, s := range p.Specs {
				inRegion = inRegion || s.ID == meta["default_size"]
				inPlan = inPlan || s.ID == meta["default_size"] && p.ID == plan
			}
		}
		switch {
		case named:
			problems = append(problems, "default_plan is no plan of the default region")
		case !inRegion:
			problems = append(problems, "default_size is no size of the default region")
		case plan != nil && !inPlan:
			problems = append(problems, "default_size is not in the default plan")
		}
		return problems
	}
	return []string{"default_region is not in the catalog"}
}

// sameID compares the id with that of the document that was registered.
func sameID(ctx context.Context, s *conformance.Session) conformance.Finding {
	if s.Provider.Name == "" {
		return conformance.Finding{Skipped: "no document says which id was registered (--manifest)"}
	}
	meta, why := askMeta(ctx, s)
	if why != "" {
		return conformance.Finding{Blocked: why}
	}
	if meta["id"] != s.Provider.Name {
		return conformance.Finding{Problems: []string{"id is another one than in the document"}}
	}
	return conformance.Finding{}
}
