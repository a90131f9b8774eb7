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
// platform and of a provider block are not in it: see PlatformTable and
// ProviderTable.
func RootTable() *schema.Block { return rootTable() }

// PlatformTable describes the settings that every platform block has; a
// dialect's own are in its Schema.
func PlatformTable() *schema.Block { return platformTable() }

// ProviderTable describes the settings that every provider block has; a
// dialect's own are in its Schema.
func ProviderTable() *schema.Block { return providerTable() }

// Name is a name that expressions may begin with: output in output.username.
type Name struct {
	Name   string
	Phases []schema.Phase // when it has a value
	Only   string         // the one setting that has it, "sso.redirect"; empty: all of those phases
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
	always := []schema.Phase{schema.Load, schema.Request, schema.Live}
	served, request, live := always[1:], always[1:2], always[2:]
	names := []Name{
		{Name: "var", Phases: always, Any: true, Doc: "The value of a variable block: var.NAME."},
		{Name: "local", Phases: always, Any: true, Doc: "A value of a locals block: local.NAME."},
		{Name: "each", Phases: always, Doc: "The element that a block is made for; only in blocks with for_each.", Parts: parts("each", eachType())},
		{Name: "backend", Phases: always[:1], Any: true, Doc: "A reference to a backend block, backend.TYPE.NAME. It is no value: it stands alone in a setting called backend."},
		{Name: "output", Phases: served, Any: true, Doc: "What the backend returned for the resource: output.NAME. The plugin says which outputs there are. Before there is a resource all are null: in rules about an order, and in the backend's own live settings at the first provision. Of a server there are also ref, status, external_ip, internal_ip and password, as its actions said."},
	}
	for _, scoped := range []struct {
		name   string
		phases []schema.Phase
		doc    string
		kind   cty.Type
	}{
		{"resource", live, "What was ordered. What a platform does not send is null. In a call that is about no server, such as verify, all is null.", resourceParts()},
		{"request", request, "What is asked for, an order or a change of plan; at a change, the options and what is known of the customer are those of the order. What a platform does not send is null.", requestParts()},
		{"plan", served, "The plan of the resource; in rules, the plan that is asked for. Of a server, its size: nothing but id and name.", planType()},
		{"current", request, "At a change of plan, the plan that the resource has; at an order, null as a whole.", planType()},
		{"region", served, "The region of the resource. Of a server, the provider's: id and title, which is the id.", regionType()},
		{"addon", served, "The add-on. Of a server, its provider: id and name.", addonType()},
		{"platform", served, "The platform that the resource is, or was, ordered on.", noPlatform().Type()},
	} {
		names = append(names, Name{Name: scoped.name, Phases: scoped.phases, Doc: scoped.doc, Parts: parts(scoped.name, scoped.kind)})
	}
	return append(names, Name{
		Name: ssoRoot, Phases: live, Only: "sso.redirect", Parts: parts(ssoRoot, unknownSignOn().Type()),
		Doc: "Who signs on. What a platform does not send is null.",
	})
}

func eachType() cty.Type {
	return cty.Object(map[string]cty.Type{"key": cty.DynamicPseudoType, "value": cty.DynamicPseudoType})
}

func planType() cty.Type { return new(plan).value(nil, nil).Type() }

// resourceParts and requestParts have options of no name, since each add-on
// has its own.
func resourceParts() cty.Type { return resourceValue(gateway.Resource{}, cty.EmptyObjectVal).Type() }

func requestParts() cty.Type {
	return requestValue(gateway.Resource{}, backend.VerbProvision, "", "", cty.EmptyObjectVal).Type()
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
		"resource.options":       "What the customer chose: resource.options.NAME for each option block, of its type; null where nothing was chosen and there is no default.",
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
		"request.options":     "What the customer chose: request.options.NAME, as in resource.options.",
		"request.name":        "The name that the customer gave it.",
		"request.owner.id":    "Whose it is, as the platform names them.",
		"request.owner.name":  "The owner's name.",
		"request.owner.email": "The owner's address.",
		"request.user_id":     "Who ordered it.",

		"sso.token": "A JSON Web Token for your own page, good for a minute, signed with token_secret. Its claims: sub (resource.id), aud (the origin of your page), " +
			"iss (the gateway), exp, iat, jti, addon, plan, region, platform, platform_id, user_id, email, email_verified and suspended. The folder examples/sso-redirect explains them all, and has programs that check a token.",
		"sso.email":          "The customer's address.",
		"sso.user_id":        "The customer, as the platform names them.",
		"sso.nav_data":       "What the platform sends for its navigation bar, unchanged.",
		"sso.email_verified": "Whether the platform's signature covers the address. False: do not let anybody in because of the address alone.",

		"current.id": "Its id.", "current.name": "Its name.", "current.description": "Its description.", "current.price": "Its price for 30 days.",
		"current.params": "As plan.params.", "current.limits": "As the plan block says.", "current.features": "Its features.",

		"plan.id": "Its id.", "plan.name": "Its name.", "plan.description": "Its description.", "plan.price": "Its price for 30 days.",
		"plan.params": "What the backend is told, as the plan block says. A param that the plugin knows and the plan leaves out is null.", "plan.limits": "As the plan block says.", "plan.features": "Its features.",

		"region.id": "Its id.", "region.title": "Its title.", "region.data": "As the region block says.",

		"addon.id": "Its id.", "addon.name": "Its name.", "addon.summary": "Its summary.", "addon.description": "Its description.", "addon.logo": "The URL of its logo.",
		"addon.support": "Where customers get help.", "addon.docs_url": "Its documentation.", "addon.terms_url": "Its terms of service.", "addon.tags": "Its tags.",
		"addon.currency": "Its currency.", "addon.plans": "The ids of its plans.", "addon.regions": "The ids of its regions.",

		"platform.id": `Its name, such as "clevercloud".`, "platform.username": "The user name that is set for its calls.",
		"platform.password": "The password of its calls; sensitive.", "platform.sso_salt": "The salt of single sign-on; sensitive.",
	}
}
