package config

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/addongw/addongw/gateway/diagnostic"
	"github.com/addongw/addongw/gateway/platform"
	"github.com/addongw/addongw/gateway/schema"
)

// origins reads the URLs that belong to the platform: its own API, and the
// pages that may show ours.
func (p *platformReader) origins(c *schema.Content) {
	p.url(c, "api_url", &p.common.APIURL)
	if p.common.APIURL != "" && !p.encrypted(p.common.APIURL) {
		p.add(diagnostic.New(`"api_url" is no https URL`, c.ValueRange("api_url"), diagnostic.Info{
			Code: "AG412", Hint: "the password would be sent in the clear; only loopback addresses may do without",
		}))
	}
	if !c.Has("frame_ancestors") || !c.Known("frame_ancestors") {
		return
	}
	origins := []string{}
	for i, text := range c.Texts("frame_ancestors") {
		at := elementRange(c, "frame_ancestors", i)
		switch {
		case !isOrigin(text):
			p.add(wrong(fmt.Sprintf("%q is no origin", text), at, `write scheme and host only: "https://console.example.com"`))
		case !p.encrypted(text):
			p.add(diagnostic.New(fmt.Sprintf("%q is no https origin", text), at, diagnostic.Info{
				Code: "AG412", Hint: "begin it with https://; anybody on the way could change a page in the clear",
			}))
		default:
			origins = append(origins, strings.ToLower(text))
		}
	}
	p.common.FrameAncestors = origins
}

// encrypted reports whether a web address is https, or needs not be: on this
// machine, and in development.
func (p *platformReader) encrypted(address string) bool {
	u, err := url.Parse(address)
	return err == nil && (u.Scheme == "https" || p.options.Development != nil || platform.IsLocal(address))
}

// isOrigin accepts what a browser calls an origin: scheme, host and port. It
// goes into a header, so that nothing else may be in it.
func isOrigin(text string) bool {
	u, err := url.Parse(text)
	if err != nil || !isWebURL(text) || strings.ContainsAny(text, " ,;'\"*") {
		return false
	}
	return strings.EqualFold(text, u.Scheme+"://"+u.Host) && u.Hostname() != ""
}
