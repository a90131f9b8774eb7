package nanobox

import (
	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/gateway/schema"
)

func text(name, doc string) schema.Attribute {
	return schema.Attribute{Name: name, Type: cty.String, Doc: doc}
}

func number(name, doc string) schema.Attribute {
	return schema.Attribute{Name: name, Type: cty.Number, Doc: doc}
}

func truth(name, doc string) schema.Attribute {
	return schema.Attribute{Name: name, Type: cty.Bool, Doc: doc}
}

func must(a schema.Attribute) schema.Attribute {
	a.Required = true
	return a
}

func byDefault(a schema.Attribute, written string) schema.Attribute {
	a.Default = written
	return a
}

func settingsSchema() *schema.Block {
	return &schema.Block{
		Type:   "provider",
		Labels: []string{"platform", "id"},
		Doc: `Rents servers to customers of Nanobox, and of Microbox after it. The id is what the platform knows the provider by: it must never change. ` +
			`What the backend can do comes from the actions that its plugin declares: create_server and delete_server always; verify, get_server, reboot, rename, install_key, create_key, get_key, delete_key and catalog as the settings here ask for them.`,
		Example: exampleProvider,
		Attributes: []schema.Attribute{
			must(text("name", "What customers read as the provider's name, up to 255 characters.")),
			byDefault(text("server_nick_name", "What the provider calls a server, up to 255 characters."), `"Server"`),
			must(text("instructions", "How customers get the credentials that are asked for; HTML is shown as such.")),
			text("short_name", "A shorter name, for platforms that show one."),
			text("bootstrap_timeout", `How long the platform's script may take on a new server, in whole seconds, such as "15m". Default: as the platform says.`),
			text("currency", `The currency of price_per_hr and price_per_mo, such as "EUR". The platform shows dollars.`),
			number("usd_rate", "How many dollars one unit of currency is. It is fixed here, so that everybody can see since when."),
			truth("can_reboot", "Write false to leave the action reboot unused. Default: whether the backend has it."),
			truth("can_rename", "Write false to leave the action rename unused. Default: whether the backend has it."),
		},
		Blocks: []*schema.Block{
			sshTable(), credentialTable(), verifyTable(), defaultTable(), regionTable(), planTable(), catalogTable(), serverTable(), compatTable(),
		},
	}
}

func sshTable() *schema.Block {
	return &schema.Block{
		Type: "ssh", Max: 1, Doc: "How the platform reaches a new server.", Example: exampleSSH,
		Attributes: []schema.Attribute{
			byDefault(text("auth_method", `"key" or "password".`), `"key"`),
			byDefault(text("key_method", `What an order carries: the id of a key that was registered before ("reference"), or its text ("object"). Where the backend keeps no keys, the gateway does.`), `"reference"`),
			byDefault(text("user", `"root", or a user with sudo that asks for no password.`), `"root"`),
			text("internal_iface", "The network interface of the private address, as the server itself calls it."),
			text("external_iface", "The network interface of the public address. Leave it out for servers with one interface, and name that internal_iface."),
			text("bootstrap_script", "The URL of the script that the platform runs on a new server, up to 255 characters. Default: the platform's own."),
		},
	}
}

func credentialTable() *schema.Block {
	return &schema.Block{
		Type: "credential", Labels: []string{"key"}, Example: exampleCredential,
		Doc: "Something that customers type in once and the platform then sends with every call: the header Auth-KEY. Dashes in the key pass every proxy, underscores do not. Values are handed to the backend and never kept.",
		Attributes: []schema.Attribute{
			must(text("label", "What the customer's input is called.")),
			truth("required", "Whether a call without it is refused; one must be. Default: true, save where there is a default."),
			byDefault(truth("identity", "Whether it tells customers apart: who sends another value sees none of the servers. It can't be left out then. Where no credential says so, all of them together do."), "false"),
			text("default", "What stands for it where the customer left it empty."),
			text("decode", `How a value is read that has several lines, which a header can't hold: "percent", "base64" or "escaped-newlines".`),
		},
	}
}

func verifyTable() *schema.Block {
	return &schema.Block{
		Type: "verify", Max: 1, Doc: "Checks credentials here, instead of asking the backend or before that.", Example: exampleVerify,
		Blocks: []*schema.Block{{
			Type: "accept", Labels: []string{"credential"}, Required: true, Example: exampleAccept,
			Doc: "What the credential may be; every accept block must fit, each with one of its values.",
			Attributes: []schema.Attribute{
				{Name: "sha256", Type: cty.List(cty.String), Secret: true, Doc: "SHA-256 digests of accepted values, as 64 hexadecimal digits. Only for values too long to guess."},
				{Name: "value", Type: cty.String, Secret: true, Doc: "An accepted value itself. Name it with secret()."},
			},
		}},
	}
}

func defaultTable() *schema.Block {
	return &schema.Block{
		Type: "default", Max: 1, Required: true, Doc: "What is ordered where an order does not say.", Example: exampleDefault,
		Attributes: []schema.Attribute{
			must(text("region", "The id of a region.")),
			must(text("plan", "The id of a plan of that region.")),
			must(text("size", "The id of a spec of that plan.")),
		},
	}
}

func regionTable() *schema.Block {
	return &schema.Block{
		Type: "region", Labels: []string{"id"}, ForEach: true, Ordered: true, Doc: "Where servers can be.", Example: exampleRegion,
		Attributes: []schema.Attribute{
			text("id", "The id beside for_each, such as each.key; without for_each the label is the id."),
			text("name", "What customers read. Default: the id."),
			{Name: "plans", Type: cty.List(cty.String), Doc: "The ids of the plans that are sold there. Default: all."},
			byDefault(truth("retired", "Whether nothing is sold there any more. Its servers live on, so it stays listed, without plans."), "false"),
		},
	}
}

func planTable() *schema.Block {
	return &schema.Block{
		Type: "plan", Labels: []string{"id"}, ForEach: true, Ordered: true, Doc: "A group of sizes of servers.", Example: examplePlan,
		Attributes: []schema.Attribute{
			text("id", "The id beside for_each, such as each.key; without for_each the label is the id."),
			text("name", "What customers read. Default: the id."),
		},
		Blocks: []*schema.Block{{
			Type: "spec", Labels: []string{"id"}, ForEach: true, Ordered: true, Required: true, Example: exampleSpec,
			Doc: "A size of servers. Its id is unique in every region. One of the two prices is enough: a month has 720 hours.",
			Attributes: []schema.Attribute{
				text("id", "The id beside for_each, its own or the plan's, such as each.key; otherwise the label is the id."),
				text("name", "What customers read, on platforms that show it."),
				must(number("ram", "Memory in MB, a whole number.")),
				must(number("cpu", "Processors; 0.25 is fine.")),
				must(number("disk", "Disk space in GB, a whole number.")),
				must(schema.Attribute{Name: "transfer", Type: cty.DynamicPseudoType, Doc: `Traffic of a month in TB, or a text such as "unlimited".`}),
				number("dollars_per_hr", "The price of an hour, in dollars."),
				number("dollars_per_mo", "The price of a month, in dollars."),
				number("price_per_hr", "The price of an hour, in the provider's currency."),
				number("price_per_mo", "The price of a month, in the provider's currency."),
				byDefault(truth("retired", "Whether it is sold no more. Its servers live on."), "false"),
			},
		}},
	}
}

func catalogTable() *schema.Block {
	return &schema.Block{
		Type: "catalog", Max: 1, Doc: "Where regions and plans come from.", Example: exampleCatalog,
		Attributes: []schema.Attribute{
			byDefault(text("source", `"static": the blocks here; "backend": its action catalog.`), `"static"`),
			byDefault(text("refresh", `How old what the backend said may be before it is asked again, "1m" to "720h".`), `"6h"`),
			byDefault(text("max_stale", `How long what it said last is served while it does not answer, up to "8760h".`), `"168h"`),
			{Name: "credentials", Type: cty.Map(cty.String), Secret: true, Doc: "Your own credentials for that, by the keys of the credential blocks. Name them with secret()."},
		},
	}
}

func serverTable() *schema.Block {
	return &schema.Block{
		Type: "server", Max: 1, Doc: "How servers are ordered and looked at.", Example: exampleServer,
		Attributes: []schema.Attribute{
			byDefault(text("state", `Who knows which servers there are: the gateway ("gateway"), which can then repeat and undo what a backend did by half; or the backend alone ("backend"), whose ids are the servers' ids.`), `"gateway"`),
			number("capacity", "How many servers there may be at once. Default: any number. Only where the gateway knows them."),
			text("dedupe", `How long the same order (customer, name, region and size) returns the same server, up to "24h". Default: every order is a new one. Only where the gateway knows them.`),
			{Name: "ready", Type: cty.List(cty.String), Doc: `What must be known before a server is told to be active: "internal_ip", and possibly "external_ip" and "password". Default: both addresses, or one where there is one interface; the password too where that is how servers are reached.`},
			{Name: "status_map", Type: cty.Map(cty.String), Doc: "Words for a server's status: { theirs = \"ours\" }; ours are ordering, creating, active, rebooting, off, deleting and error."},
			{Name: "vendor_name", Type: cty.String, Phase: schema.Live, Doc: "The name that the backend gives the server, made of resource.name, resource.region and resource.plan, which is the id of the spec. Default: the name itself."},
		},
	}
}

func compatTable() *schema.Block {
	return &schema.Block{
		Type: "compat", Max: 1, Doc: "For clients that want something else than the document says.", Example: exampleCompat,
		Attributes: []schema.Attribute{
			byDefault(number("query_status", "The status that answers a question about a server or key: 201 as in the document, or 200."), "201"),
		},
	}
}
