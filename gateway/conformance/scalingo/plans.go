package scalingo

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/addongw/addongw/gateway/conformance"
)

// plans returns the names of plans in their order, and the options of each.
// Nothing can be ordered without a plan.
func plans(d *conformance.Document) (names []string, options map[string]map[string]string) {
	v, _ := d.Find("plans")
	list, ok := v.([]any)
	if v != nil && !ok {
		d.Fatal("SC-M13", "plans must be a list")
		return nil, nil
	}
	if len(list) == 0 {
		d.Fatal("SC-M13", "plans should have at least one element plan")
		return nil, nil
	}
	options = map[string]map[string]string{}
	for i, element := range list {
		object, ok := element.(map[string]any)
		if !ok {
			d.Report("SC-M13", "plans[%d] must be an object", i)
			continue
		}
		p := plan{Document: d, at: fmt.Sprintf("plans[%d]", i), object: object}
		name := p.name(names)
		p.particulars()
		if name != "" {
			names, options[name] = append(names, name), p.options()
		}
	}
	if len(names) == 0 {
		d.Fatal("SC-M14", "no plan has a name, so that none can be ordered")
	}
	return names, options
}

// plan is one plan while it is read.
type plan struct {
	*conformance.Document
	at     string // plans[0]
	object map[string]any
}

// name returns the name unless it is missing or that of another plan.
func (p *plan) name(others []string) string {
	name, isText := p.object["name"].(string)
	switch {
	case p.object["name"] != nil && !isText:
		p.Report("SC-M14", "%s.name must be text", p.at)
	case strings.TrimSpace(name) == "":
		p.Report("SC-M14", "%s.name can't be blank", p.at)
	case slices.Contains(others, name):
		p.Report("SC-M14", "%s.name is %q, which another plan is called, too", p.at, name)
	default:
		p.at = fmt.Sprintf("the plan %q", name)
		return name
	}
	return ""
}

// particulars checks the price and what customers read.
func (p *plan) particulars() {
	price, isNumber := p.object["price"].(float64)
	switch {
	case p.object["price"] == nil:
		p.Report("SC-M15", "the price of %s is missing", p.at)
	case !isNumber:
		p.Report("SC-M15", "the price of %s must be a number", p.at)
	case price < 0:
		p.Report("SC-M15", "the price of %s is less than 0", p.at)
	}
	for _, member := range []string{"display_name", "description"} {
		if text, _ := p.object[member].(string); strings.TrimSpace(text) == "" {
			p.Report("SC-M17", "%s of %s can't be blank", member, p.at)
		}
	}
}

// options are copied into requests.
func (p *plan) options() map[string]string {
	v := p.object["options"]
	object, ok := v.(map[string]any)
	if v != nil && !ok {
		p.Report("SC-M16", "the options of %s must be an object", p.at)
		return nil
	}
	var options map[string]string
	for _, name := range slices.Sorted(maps.Keys(object)) {
		text, isText := object[name].(string)
		if !isText {
			p.Report("SC-M16", "the option %s of %s must be text", name, p.at)
			continue
		}
		if options == nil {
			options = map[string]string{}
		}
		options[name] = text
	}
	return options
}
