package clevercloud

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"

	"github.com/addongw/addongw/gateway/diagnostic"
	"github.com/addongw/addongw/gateway/platform"
	"github.com/addongw/addongw/gateway/secret"
)

// minSecret is how many characters password and salt need. Both documents'
// newer form asks for "35+", and Clever Cloud's own Terraform provider
// enforces it.
const minSecret = 35

// samples are the password and the salt printed in the legacy document. Live
// providers had copied them, which led to a security fix of the documents in
// February 2025.
var samples = [...]string{"44ca82ddf8d4e74d52494ce2895152ee", "fcb5b3add85d65e1dddda87a115b429f"}

// Add-on API, "Fields": all lower case, no spaces or punctuation, underscores
// and dashes allowed.
var idPattern = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]*$`)

var varPattern = regexp.MustCompile(`^[A-Z0-9_]+$`)

// check judges a block by Clever Cloud's rules. It reports everything.
func check(c platform.Common, own settings) hcl.Diagnostics {
	diags := checkID(c)
	if !diags.HasErrors() { // the prefix comes from the id
		diags = append(diags, checkConfigVars(c)...)
	}
	diags = append(diags, checkRegions(c, own)...)
	diags = append(diags, checkURLs(c)...)
	diags = append(diags, checkSecrets(c, own)...)
	diags = append(diags, checkMode(c)...)
	diags = append(diags, checkLogDrain(c)...)
	diags = append(diags, checkSSOPath(c)...)
	return append(diags, checkCurrency(c)...)
}

// problem makes an error at the place where the operator wrote the setting.
func problem(c platform.Common, setting, summary string, info diagnostic.Info) *hcl.Diagnostic {
	info.In = fmt.Sprintf("addon %q, platform %q", c.Addon, "clevercloud")
	return diagnostic.New(summary, c.Range(setting), info)
}

// checkID leaves an id that is the add-on's own to those who judge add-ons:
// what they accept Clever Cloud accepts.
func checkID(c platform.Common) hcl.Diagnostics {
	var diags hcl.Diagnostics
	usable := idPattern.MatchString(c.ID)
	if _, written := c.Ranges["id"]; !usable && (written || c.ID != c.Addon) {
		diags = append(diags, problem(c, "id", fmt.Sprintf("Clever Cloud cannot use the id %q", c.ID), diagnostic.Info{
			Code: "AG402", Hint: "lower-case letters, digits, underscores and dashes",
			Notes: []string{`set id in platform "clevercloud"; it cannot be changed after the first upload`},
		}))
	}
	if c.Username != "" && c.Username != c.ID {
		diags = append(diags, problem(c, "username", "Clever Cloud signs in with the add-on's id", diagnostic.Info{
			Code: "AG403", Hint: "leave it out; a user name of its own is not possible there",
		}))
	}
	return diags
}

// checkConfigVars demands a whole word before the underscore and something
// after it. Clever Cloud drops a config var that breaks its rule without a
// word, so a customer would miss it.
func checkConfigVars(c platform.Common) hcl.Diagnostics {
	var diags hcl.Diagnostics
	prefix := varPrefix(c.ID)
	for _, v := range c.ConfigVars {
		rest, ok := strings.CutPrefix(v.Name, prefix)
		if ok && varPattern.MatchString(rest) {
			continue
		}
		summary := fmt.Sprintf("Clever Cloud requires this config var to start with %q", prefix)
		if ok {
			summary = fmt.Sprintf("Clever Cloud requires capitals, digits and underscores after %q", prefix)
		}
		diags = append(diags, diagnostic.New(summary, v.Range, diagnostic.Info{
			Code: "AG411", In: fmt.Sprintf("addon %q, platform %q", c.Addon, "clevercloud"),
			Hint: fmt.Sprintf("did you mean %q?", nearestVar(prefix, v.Name)),
			Notes: []string{fmt.Sprintf(`to rename it on this platform only: config_vars = { %s = …, %s = null } in platform "clevercloud"`,
				nearestVar(prefix, v.Name), v.Name)},
		}))
	}
	return diags
}

// varPrefix is what the names of all config vars begin with: the id upper-cased,
// dashes turned into underscores.
func varPrefix(id string) string {
	return strings.ToUpper(strings.ReplaceAll(id, "-", "_")) + "_"
}

// nearestVar turns a name into one with the prefix: the words it shares with
// the prefix are not repeated, else its first word makes room
// (DATABASE_HOST becomes ACME_DB_HOST).
func nearestVar(prefix, name string) string {
	clean := strings.Map(func(r rune) rune {
		if varPattern.MatchString(string(r)) {
			return r
		}
		return '_'
	}, strings.ToUpper(name))
	words := strings.FieldsFunc(clean, func(r rune) bool { return r == '_' })
	own := strings.Split(strings.TrimSuffix(prefix, "_"), "_")
	kept := slices.Clone(words)
	for len(kept) > 0 && slices.Contains(own, kept[0]) {
		kept = kept[1:]
	}
	if len(kept) == len(words) && len(kept) > 1 {
		kept = kept[1:]
	}
	if len(kept) == 0 {
		return prefix + "URL"
	}
	return prefix + strings.Join(kept, "_")
}

// checkRegions: "As for now, it MUST contain the element eu" (Add-on API,
// Fields). Newer vendor material leaves it out, hence the setting.
func checkRegions(c platform.Common, own settings) hcl.Diagnostics {
	var diags hcl.Diagnostics
	names := regionNames(c)
	if c.Regions == nil && len(names) == 0 {
		return nil // an add-on without regions is reported as such
	}
	if !slices.Contains(names, "eu") && !own.allowMissingEU {
		diags = append(diags, problem(c, "regions", `Clever Cloud requires the region "eu"`, diagnostic.Info{
			Code: "AG401", Notes: []string{`regions = { eu = "…" }`, "if your provider is registered without it: allow_missing_eu = true"},
		}))
	}
	if len(names) == 0 && own.allowMissingEU {
		diags = append(diags, problem(c, "regions", "Clever Cloud requires at least one region", diagnostic.Info{
			Code: "AG401", Notes: []string{`regions = { par = "…" }`},
		}))
	}
	seen := map[string]string{}
	for _, name := range names {
		if first, twice := seen[strings.ToLower(name)]; twice {
			diags = append(diags, problem(c, "regions", fmt.Sprintf("Clever Cloud cannot tell the regions %q and %q apart", first, name), diagnostic.Info{
				Code: "AG404", Hint: "its requests write regions in other case than its manifest",
			}))
		}
		seen[strings.ToLower(name)] = name
	}
	return diags
}

// checkURLs: https everywhere, save that a test address may be somebody's own
// machine, as in the documents' sample; the vendor's Terraform provider takes
// https only, so that is a warning. An address that begins with the base URL
// shares its problem, which is reported once.
func checkURLs(c platform.Common) hcl.Diagnostics {
	if c.Development {
		return nil
	}
	var diags hcl.Diagnostics
	for _, u := range []struct {
		setting, value string
		severity       hcl.DiagnosticSeverity
	}{
		{"base_url", c.BaseURL, hcl.DiagError},
		{"sso_url", c.SSOURL, hcl.DiagError},
		{"test.base_url", c.TestBaseURL, hcl.DiagWarning},
		{"test.sso_url", c.TestSSOURL, hcl.DiagWarning},
	} {
		_, written := c.Ranges[u.setting]
		if secure(u.value) || repeatsProduction(c, u.setting) || !written && u.setting == "sso_url" && strings.HasPrefix(u.value, c.BaseURL) && !secure(c.BaseURL) {
			continue
		}
		d := problem(c, u.setting, "Clever Cloud accepts https only", diagnostic.Info{Code: "AG412", Hint: "write https://…"})
		d.Severity = u.severity
		diags = append(diags, d)
	}
	return diags
}

func secure(address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.Scheme == "https" && u.Host != ""
}

// repeatsProduction is true for test addresses that nobody set: production's
// problem is reported once.
func repeatsProduction(c platform.Common, setting string) bool {
	switch setting {
	case "test.base_url":
		return c.TestBaseURL == "" || c.TestBaseURL == c.BaseURL
	case "test.sso_url":
		return c.TestSSOURL == "" || c.TestSSOURL == c.SSOURL
	default:
		return false
	}
}

func checkSecrets(c platform.Common, own settings) hcl.Diagnostics {
	var diags hcl.Diagnostics
	if c.PasswordKnown {
		diags = append(diags, checkSecret(c, own, "password", c.Password)...)
	}
	if c.SSOSaltKnown {
		diags = append(diags, checkSecret(c, own, "sso_salt", c.SSOSalt)...)
	}
	return diags
}

// checkSecret judges one secret. A short one is an error unless the add-on is
// registered for the legacy generation alone, whose document prints no
// minimum and whose sample has 32 characters.
func checkSecret(c platform.Common, own settings, setting string, value secret.Value) hcl.Diagnostics {
	text := value.Reveal()
	remedy := "Clever Cloud asks for 35 characters or more: addongw keys generate"
	switch count := utf8.RuneCountInString(text); {
	case text == "":
		return hcl.Diagnostics{problem(c, setting, fmt.Sprintf("This platform needs %q", setting), diagnostic.Info{
			Code: "AG204", Hint: fmt.Sprintf(`add: %s = secret("env:…")`, setting), Notes: []string{remedy},
		})}
	case slices.Contains(samples[:], text):
		return hcl.Diagnostics{problem(c, setting, setting+" is the sample from Clever Cloud's documents", diagnostic.Info{
			Code: "AG414", Hint: "everybody knows it", Notes: []string{remedy},
		})}
	case count < minSecret:
		d := problem(c, setting, fmt.Sprintf("%s has %d characters", setting, count), diagnostic.Info{
			Code: "AG413", Notes: []string{remedy},
		})
		if own.generation == legacy {
			d.Severity = hcl.DiagWarning
		}
		return hcl.Diagnostics{d}
	}
	return nil
}

// checkMode: Clever Cloud waits for the answer (Add-on API, Provisioning).
func checkMode(c platform.Common) hcl.Diagnostics {
	if c.Mode != "async" {
		return nil
	}
	return hcl.Diagnostics{problem(c, "mode", "Clever Cloud has no asynchronous answer", diagnostic.Info{
		Code: "AG421", Hint: `leave it out, or write "sync"`, Notes: []string{"how long a request may wait for the backend is set with deadline"},
	})}
}

// checkLogDrain: an answer has no field for the address of one.
func checkLogDrain(c platform.Common) hcl.Diagnostics {
	if !c.LogDrain {
		return nil
	}
	setting := "log_drain"
	if _, written := c.Ranges["log_drain_url"]; written {
		setting = "log_drain_url"
	}
	return hcl.Diagnostics{problem(c, setting, "Clever Cloud takes no log drain", diagnostic.Info{Code: "AG421", Hint: "leave it out"})}
}

// checkCurrency: plans are priced in euro per month there (Marketplace APIs).
func checkCurrency(c platform.Common) hcl.Diagnostics {
	if c.Currency == "" || c.Currency == "EUR" {
		return nil
	}
	return hcl.Diagnostics{problem(c, "currency", "Clever Cloud sells in EUR only", diagnostic.Info{
		Code: "AG415", Hint: `leave it out, or write "EUR"`,
	})}
}

// checkSSOPath finds an address that is taken.
func checkSSOPath(c platform.Common) hcl.Diagnostics {
	if c.SSOPath != resourcesPath && !strings.HasPrefix(c.SSOPath, resourcesPath+"/") {
		return nil
	}
	return hcl.Diagnostics{problem(c, "sso_path", fmt.Sprintf("Below %q Clever Cloud's other calls arrive", resourcesPath), diagnostic.Info{
		Code: "AG215", Hint: "choose another path; the default is /sso",
	})}
}
