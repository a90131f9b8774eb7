package clevercloud

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strconv"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/platform"
	"github.com/addongw/addongw/gateway/platform/caller"
)

// infos is Clever Cloud's own API as far as a provider may call it (Add-on
// infos API), bound to one add-on's credentials.
//
// The callback_url of an order is not used: it only repeats this address with
// the platform's id, and no request decides where our credentials go.
type infos struct {
	caller caller.Caller
	common platform.Common
}

var _ platform.API = (*infos)(nil)

// realAPI is where Clever Cloud's API is.
const realAPI = "https://api.clever-cloud.com/v2"

// newInfos makes the API of a mount; nil in development, where credentials are
// made up, unless the operator names an API of his own.
func newInfos(c platform.Common) *infos {
	if c.Development && c.APIURL == "" {
		return nil
	}
	return &infos{caller: caller.New(title, cmp.Or(c.APIURL, realAPI), c.ID, c.Password), common: c}
}

// app is what GET /vendor/apps/{addonId} answers, and an entry of the list.
type app struct {
	AddonID     string   `json:"addon_id"`
	HerokuID    string   `json:"heroku_id"`
	Name        string   `json:"name"`
	Plan        string   `json:"plan"`
	OwnerID     string   `json:"owner_id"`
	OwnerName   string   `json:"owner_name"`
	OwnerEmail  string   `json:"owner_email"`
	OwnerEmails []string `json:"owner_emails"`
}

// Particulars asks for the owner and the name. The answer's "config" is not
// read.
func (i *infos) Particulars(ctx context.Context, r gateway.Resource) (gateway.Particulars, error) {
	path, err := appPath(r)
	if err != nil {
		return gateway.Particulars{}, err
	}
	var told app
	if err := i.caller.Read(ctx, path, oneApp, &told); err != nil {
		return gateway.Particulars{}, err
	}
	emails := told.OwnerEmails
	if told.OwnerEmail != "" && !slices.Contains(emails, told.OwnerEmail) {
		emails = append([]string{told.OwnerEmail}, emails...)
	}
	email := told.OwnerEmail
	if email == "" && len(emails) > 0 {
		email = emails[0]
	}
	return gateway.Particulars{
		Name:   told.Name,
		Owner:  gateway.Owner{ID: told.OwnerID, Name: told.OwnerName, Email: email},
		Emails: emails,
	}, nil
}

// Push sends the full map, always: nobody says whether PUT replaces or merges.
func (i *infos) Push(ctx context.Context, r gateway.Resource, vars []gateway.ConfigVar) error {
	path, err := appPath(r)
	if err != nil {
		return err
	}
	return i.caller.Send(ctx, http.MethodPut, path, map[string]any{"config": platform.ConfigMap(vars)})
}

// Complete is never asked for: Clever Cloud has no asynchronous answer.
func (i *infos) Complete(context.Context, gateway.Resource, []gateway.ConfigVar) error {
	return gateway.Errorf(gateway.Unsupported, "Clever Cloud's orders are complete when they are answered.")
}

// mostPages bounds a listing that never ends.
const mostPages = 10_000

// List reads the listing page by page, by offset. How long a page is nobody
// says, so it goes on until a page brings nothing new: that also ends where
// the offset is ignored.
func (i *infos) List(ctx context.Context) ([]gateway.Listed, error) {
	var all []gateway.Listed
	seen := map[string]bool{}
	read := 0
	for range mostPages {
		var page []app
		if err := i.caller.Read(ctx, "/vendor/apps?offset="+strconv.Itoa(read), allApps, &page); err != nil {
			return nil, err
		}
		before := len(all)
		for _, entry := range page {
			listed, err := i.listed(entry)
			if err != nil {
				return nil, err
			}
			if !seen[listed.ExternalID] {
				seen[listed.ExternalID] = true
				all = append(all, listed)
			}
		}
		if len(all) == before {
			return all, nil
		}
		read += len(page)
	}
	return nil, &gateway.Error{Kind: gateway.Unavailable, Message: "Clever Cloud's listing does not end."}
}

// listed correlates on the platform's id only: what the field provider_id
// holds is told differently by document and SDK.
func (i *infos) listed(entry app) (gateway.Listed, error) {
	id := cmp.Or(entry.AddonID, entry.HerokuID)
	if id == "" {
		return gateway.Listed{}, i.caller.Misread("an add-on without an id")
	}
	plan, _ := i.common.PlanBySlug(entry.Plan)
	return gateway.Listed{ExternalID: id, Plan: plan.ID, PlanName: entry.Plan, OwnerID: entry.OwnerID}, nil
}

// appPath is the address of one add-on: the id is the platform's.
func appPath(r gateway.Resource) (string, error) { return caller.Below("/vendor/apps", r.ExternalID) }

// What answers may be at most, in bytes. A listing without pages of 50,000
// add-ons is still read.
const (
	oneApp  = 1 << 20
	allApps = 16 << 20
)
