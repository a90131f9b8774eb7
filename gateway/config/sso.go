package config

import (
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/configvar"
	"github.com/addongw/addongw/gateway/diagnostic"
	"github.com/addongw/addongw/gateway/schema"
	"github.com/addongw/addongw/gateway/secret"
)

// How long a customer's sign-on lasts, how old it may be when it arrives, and
// how many characters the secret that signs tokens has: HMAC-SHA256 wants 256
// bits (RFC 7518 §3.2).
const (
	defaultSession      = 15 * time.Minute
	shortestSession     = time.Minute
	longestSession      = 24 * time.Hour
	shortestSignOn      = 10 * time.Second
	longestSignOn       = time.Hour
	shortestTokenSecret = 32
)

// ssoRoot is the name that redirect has besides those of the live phase, and
// ssoToken the part of it that is signed.
const (
	ssoRoot  = "sso"
	ssoToken = "token"
)

// signOn is an sso block.
type signOn struct {
	content     *schema.Content
	session     time.Duration
	maxAge      time.Duration  // 0: as the platform says
	redirect    hcl.Expression // nil: to our own page
	tokenSecret secret.Value   // empty while secrets are not read
}

func ssoTable() *schema.Block {
	return &schema.Block{
		Type: "sso", Max: 1,
		Doc: "What happens when a customer opens the add-on from the platform's dashboard. Without this block, customers see a page of the gateway " +
			"about their resource; with redirect they come to a page of yours.",
		Example: ssoExample,
		Attributes: []schema.Attribute{
			{Name: "session", Type: cty.String, Default: `"15m"`, Doc: "How long a customer may stay on the gateway's page of the resource: 1m to 24h."},
			{Name: "max_age", Type: cty.String, Doc: "How old a sign-on may be when it arrives, 10s to 1h. It may shorten what the platform allows, not extend it."},
			{Name: "redirect", Type: cty.String, Phase: schema.Live, Doc: "The https URL of your own page, to which customers go instead. Besides the names of the live phase it can use sso. null means the gateway's page."},
			{Name: "token_secret", Type: cty.String, Secret: true, Doc: "Signs sso.token (a JWT, HS256), so that your page can tell that the gateway sent the customer: 32 characters or more. Needed where redirect uses sso.token. Name it with secret()."},
			reservedSetting("page"),
		},
	}
}

// signOn reads the sso block of an add-on.
func (l *loader) signOn(a *addon) {
	c := a.content.First("sso")
	if c == nil {
		return
	}
	s := &signOn{content: c, redirect: c.Expr("redirect")}
	var diags hcl.Diagnostics
	s.session, diags = c.Duration("session", shortestSession, longestSession)
	l.add(diags...)
	s.maxAge, diags = c.Duration("max_age", shortestSignOn, longestSignOn)
	l.add(diags...)
	l.tokenSecret(s)
	a.sso = s
}

func (l *loader) tokenSecret(s *signOn) {
	c, known := s.content, false
	s.tokenSecret, known = c.Secret("token_secret")
	if known {
		l.secrets.remember(c.Value("token_secret"))
		l.secrets.others[s.tokenSecret.Reveal()] = true
	}
	switch n := len([]rune(s.tokenSecret.Reveal())); {
	case known && n < shortestTokenSecret:
		l.add(wrong(fmt.Sprintf(`"token_secret" has %d characters`, n), c.ValueRange("token_secret"),
			fmt.Sprintf("it needs %d or more; openssl rand -base64 32 prints one", shortestTokenSecret)))
	case !c.Has("token_secret") && !c.Meant("token_secret") && s.usesToken():
		l.add(diagnostic.New(`This sso needs "token_secret"`, c.Range, diagnostic.Info{
			Code: "AG204", Hint: `add: token_secret = secret("env:…")`, Notes: []string{"it signs sso.token, which redirect uses"},
		}))
	}
}

// usesToken reports whether the redirect mentions sso.token, or sso as a whole.
func (s *signOn) usesToken() bool {
	if s.redirect == nil {
		return false
	}
	for _, t := range s.redirect.Variables() {
		if t.RootName() != ssoRoot {
			continue
		}
		if len(t) < 2 {
			return true
		}
		switch step := t[1].(type) {
		case hcl.TraverseAttr:
			if step.Name == ssoToken {
				return true
			}
		case hcl.TraverseIndex:
			if step.Key.Type() != cty.String || step.Key.AsString() == ssoToken {
				return true
			}
		default:
			return true
		}
	}
	return false
}

// checkSignOn proves that the redirect leads to a web address in every case.
// The token is no secret there and exists nowhere else, so that a sensitive
// value in the URL is always a mistake.
func (l *loader) checkSignOn(a *addon, cases []configvar.Case) {
	if a.sso == nil || a.sso.redirect == nil {
		return
	}
	var all []configvar.Case
	for _, c := range cases {
		if c.Only == "" {
			sparse := withRoot(c, ssoRoot, sparseSignOn())
			sparse.Only, sparse.Note = ssoRoot, "platforms do not send this with every sign-on"
			all = append(all, sparse)
		}
		all = append(all, withRoot(c, ssoRoot, unknownSignOn()))
	}
	l.check(configvar.Expression{
		Name: "redirect", What: "redirect", Expr: a.sso.redirect, Type: cty.String, Public: true, In: a.title() + ", sso",
		Judge: l.judgeRedirect,
	}, all)
}

// withRoot is a case with one more name.
func withRoot(c configvar.Case, name string, value cty.Value) configvar.Case {
	inner := c.Context
	c.Context = func() *hcl.EvalContext {
		scope := inner().NewChild()
		scope.Variables = map[string]cty.Value{name: value}
		return scope
	}
	return c
}

func unknownSignOn() cty.Value {
	return cty.ObjectVal(map[string]cty.Value{
		ssoToken: cty.UnknownVal(cty.String).RefineNotNull(), "email": cty.UnknownVal(cty.String), "user_id": cty.UnknownVal(cty.String),
		"nav_data": cty.UnknownVal(cty.String), "email_verified": cty.UnknownVal(cty.Bool).RefineNotNull(),
	})
}

// sparseSignOn is a sign-on of which the platform sent nothing that it may
// leave out.
func sparseSignOn() cty.Value {
	none := cty.NullVal(cty.String)
	return cty.ObjectVal(map[string]cty.Value{
		ssoToken: cty.UnknownVal(cty.String).RefineNotNull(), "email": none, "user_id": none, "nav_data": none, "email_verified": cty.False,
	})
}

func signOnValue(s gateway.SignOn, token string) cty.Value {
	return cty.ObjectVal(map[string]cty.Value{
		ssoToken: cty.StringVal(token), "email": text(s.Email), "user_id": text(s.UserID),
		"nav_data": text(s.NavData), "email_verified": cty.BoolVal(s.EmailVerified),
	})
}

// judgeRedirect looks at as much of the URL as is known.
func (l *loader) judgeRedirect(v cty.Value, at hcl.Range) hcl.Diagnostics {
	if schema.IsNull(v) {
		return nil
	}
	known, whole := beginning(v)
	problem := redirectProblem(known, whole, l.options.Development != nil)
	if problem == "" {
		return nil
	}
	info := diagnostic.Info{Code: "AG412", Hint: "begin it with https://"}
	if problem != notHTTPS {
		info = diagnostic.Info{Code: "AG213", Hint: "write it as \"https://app.example.com/partner?token=${sso.token}\""}
	}
	return hcl.Diagnostics{diagnostic.New(problem, at, info)}
}

// beginning is as much of a text as is known, which may be all.
func beginning(v cty.Value) (known string, whole bool) {
	v, _ = v.Unmark()
	if v.IsKnown() {
		return v.AsString(), true
	}
	return v.Range().StringPrefix(), false
}

// begins reports whether a text of which the beginning, or all, is known may
// begin with a scheme.
func begins(known, scheme string, whole bool) bool {
	n := min(len(known), len(scheme))
	return strings.EqualFold(known[:n], scheme[:n]) && !(whole && n < len(scheme))
}

const (
	notHTTPS = `"redirect" is no https URL`
	noHost   = `"redirect" is no web address`
)

// redirectProblem says what is wrong with a URL of which the beginning, or
// all, is known; "" for nothing.
func redirectProblem(known string, whole, plainAllowed bool) string {
	scheme := "https://"
	if lower := strings.ToLower(known); plainAllowed && strings.HasPrefix(lower, "http:") {
		scheme = "http://"
	}
	if !begins(known, scheme, whole) {
		return notHTTPS
	}
	if !whole {
		return ""
	}
	if u, err := url.Parse(known); err != nil || u.Host == "" || u.User != nil || strings.ContainsAny(known, " \t\r\n\\") {
		return noHost
	}
	return ""
}
