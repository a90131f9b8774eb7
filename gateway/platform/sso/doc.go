// Package sso holds what the marketplaces' single sign-ons have in common: how
// old a timestamp may be, whether a digest fits, a form whose fields come
// once, and the random tickets that stand for a customer afterwards.
//
// Each platform's formula, field names and order of checks are its dialect's;
// the pages that customers see are package web's. [Tickets] live in the memory
// of one process: a store that several processes share would have to keep them
// instead. A restart ends all sign-ons, and a customer opens the add-on again.
//
// Read [Window] first.
package sso
