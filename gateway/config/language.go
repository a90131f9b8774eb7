package config

import (
	"maps"
	"slices"

	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/schema"
	"github.com/addongw/addongw/plugins/backend"
)

// RootTable describes the blocks of a configuration file. The settings of a
// platform block are not in it: see PlatformTable.
func RootTable() *schema.Block { return rootTable() }

// PlatformTable describes the settings that every platform block has; a
// dialect's own are in its Schema.
func PlatformTable() *schema.Block { return platformTable() }

// Name is a name that expressions may begin with: output in output.username.
type Name struct {
	Name   string
	Phases []schema.Phase // when it has a value
	Doc    string
	Any    bool // its parts are the operator's or a plugin's own
	Parts  []Part
}

// Part is a value below a Name.
type Part struct {
	Path string // "owner.name"
	Type cty.Type
	Doc  string
}

// Names lists the names of this version, with the parts that the scopes of
// expressions really have.
func Names() []Name {
	both, live := []schema.Phase{schema.Load, schema.Request, schema.Live}, []schema.Phase{schema.Request, schema.Live}
	request := []schema.Phase{schema.Request}
	names := []Name{
		{Name: "var", Phases: both, Any: true, Doc: "The value of a variable block: var.NAME."},
		{Name: "local", Phases: both, Any: true, Doc: "A value of a locals block: local.NAME."},
		{Name: "each", Phases: both, Doc: "The element that a block with for_each is made for.", Parts: parts("each", eachType())},
		{Name: "backend", Phases: []schema.Phase{schema.Load}, Any: true, Doc: "A reference to a backend block, backend.TYPE.NAME. It is no value: it stands alone in a setting called backend."},
		{Name: "output", Phases: live, Any: true, Doc: "What the backend returned for the resource; the plugin says which outputs there are. At the first provision the backend's own live settings see none."},
	}
	for _, scoped := range []struct {
		name   string
		phases []schema.Phase
		doc    string
		kind   cty.Type
	}{
		{"resource", []schema.Phase{schema.Live}, "What was ordered. What a platform does not send is null.", resourceType()},
		{"request", request, "What is asked for, an order or a change of plan. What a platform does not send is null.", requestType()},
		{"plan", live, "The plan of the resource, in rules the one that is asked for: params and limits are as its block says.", planType()},
		{"current", request, "At a change of plan the plan before; null at a provision.", planType()},
		{"region", live, "The region of the resource: data is as its block says.", regionType()},
		{"addon", live, "The add-on.", addonType()},
		{"platform", live, "The platform that the resource was ordered on.", noPlatform().Type()},
		{"sso", []schema.Phase{schema.Live}, "Who signs on; only in sso { redirect }.", unknownSignOn().Type()},
	} {
		names = append(names, Name{Name: scoped.name, Phases: scoped.phases, Doc: scoped.doc, Parts: parts(scoped.name, scoped.kind)})
	}
	return names
}

func eachType() cty.Type {
	return cty.Object(map[string]cty.Type{"key": cty.DynamicPseudoType, "value": cty.DynamicPseudoType})
}

func planType() cty.Type { return new(plan).value(nil, nil).Type() }

func requestType() cty.Type {
	return requestValue(gateway.Resource{}, backend.VerbProvision, "", "", cty.MapValEmpty(cty.String)).Type()
}

func regionType() cty.Type {
	r := new(region)
	r.setValue()
	return r.value.Type()
}

func addonType() cty.Type {
	a := new(addon)
	a.setValue()
	return a.value.Type()
}

// parts lists what lies below a name, objects inside of objects by their path.
func parts(name string, kind cty.Type) []Part {
	var list []Part
	types := kind.AttributeTypes()
	for _, attribute := range slices.Sorted(maps.Keys(types)) {
		path := attribute
		if t := types[attribute]; t.IsObjectType() && len(t.AttributeTypes()) > 0 {
			for _, inner := range parts(name+"."+path, t) {
				inner.Path = path + "." + inner.Path
				list = append(list, inner)
			}
			continue
		}
		list = append(list, Part{Path: path, Type: partType(types[attribute]), Doc: partDocs()[name+"."+path]})
	}
	return list
}

// partType is any for an empty object: it stands for what an operator writes.
func partType(t cty.Type) cty.Type {
	if t.IsObjectType() {
		return cty.DynamicPseudoType
	}
	return t
}

// partDocs explains the parts.
func partDocs() map[string]string {
	return map[string]string{
		"each.key":   "The key of a map's element, or the position in a list, from 0.",
		"each.value": "The element.",

		"resource.id":            "Our id of it: res_ and 26 characters. It never changes.",
		"resource.short_id":      "12 characters of a-z and 2-7, unique: for names of databases and users.",
		"resource.provider_id":   "The id by which the platform calls us about it.",
		"resource.platform_id":   "The platform's own id of it.",
		"resource.name":          "The name that the customer gave it.",
		"resource.plan":          "The id of its plan.",
		"resource.region":        "The id of our region; never null.",
		"resource.options":       "What the customer chose, by the names of the option blocks and in their types.",
		"resource.owner.id":      "Whose it is, as the platform names them.",
		"resource.owner.name":    "The owner's name.",
		"resource.owner.email":   "The owner's address.",
		"resource.user_id":       "Who ordered it.",
		"resource.callback_url":  "Where the platform wants to be called about it.",
		"resource.log.token":     "The token of the platform's log service; sensitive.",
		"resource.log.drain_url": "Where its logs may be sent.",
		"resource.created_at":    "When it was ordered, as RFC 3339 has it, in UTC.",

		"request.verb":        `"provision" or "change_plan".`,
		"request.plan":        "The id of the plan that is asked for.",
		"request.region":      "The id of our region; never null.",
		"request.platform":    "The name of the platform.",
		"request.options":     "What the customer chose, by the names of the option blocks and in their types.",
		"request.name":        "The name that the customer gave it.",
		"request.owner.id":    "Whose it is, as the platform names them.",
		"request.owner.name":  "The owner's name.",
		"request.owner.email": "The owner's address.",
		"request.user_id":     "Who asks.",

		"sso.token": "A JSON Web Token for your own page, valid for a minute; needs token_secret.", "sso.email": "The customer's address.", "sso.user_id": "The customer, as the platform names them.",
		"sso.nav_data": "The platform's own header, as it sends it.", "sso.email_verified": "Whether the platform's signature covers the address.",

		"current.id": "Its id.", "current.name": "Its name.", "current.description": "Its description.", "current.price": "Its price for 30 days.",
		"current.params": "What the backend was told.", "current.limits": "As written.", "current.features": "Its features.",

		"plan.id": "Its id.", "plan.name": "Its name.", "plan.description": "Its description.", "plan.price": "Its price for 30 days.",
		"plan.params": "What the backend is told; with every name that the plugin knows, null where the plan has none.", "plan.limits": "As written.", "plan.features": "Its features.",

		"region.id": "Its id.", "region.title": "Its title.", "region.data": "As written.",

		"addon.id": "Its id.", "addon.name": "Its name.", "addon.summary": "Its summary.", "addon.description": "Its description.", "addon.logo": "The URL of its logo.",
		"addon.support": "Where customers get help.", "addon.docs_url": "Its documentation.", "addon.terms_url": "Its terms of service.", "addon.tags": "Its tags.",
		"addon.currency": "Its currency.", "addon.plans": "The ids of its plans.", "addon.regions": "The ids of its regions.",

		"platform.id": `Its name, such as "clevercloud".`, "platform.username": "The user name that is set for its calls.",
		"platform.password": "The password of its calls; sensitive.", "platform.sso_salt": "The salt of single sign-on; sensitive.",
	}
}
