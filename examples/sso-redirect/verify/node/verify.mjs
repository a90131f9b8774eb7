// A page that customers of an add-on are sent to with a token. It checks the
// token and answers who came. Copy Verifier; the rest is a web server around it.
//
//   SSO_TOKEN_SECRET=… SSO_AUDIENCE=https://app.example.com node verify.mjs

import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";

const tokenForm = /^([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)$/;
const required = ["iss", "aud", "sub", "jti", "addon", "plan", "region", "platform"];
const optional = ["platform_id", "user_id", "email"];

// Refused says why a token is refused.
class Refused extends Error {}

// Verifier accepts each token of one gateway for one page once.
class Verifier {
  #audience;
  #secrets; // the present one, and while it is replaced the one before
  #seen = new Map(); // until when each jti is remembered

  constructor(audience, secrets) {
    this.#audience = audience;
    this.#secrets = secrets;
  }

  // verify returns the claims of a token. Nothing of it is read before its
  // signature is known to fit.
  verify(token, now) {
    const parts = tokenForm.exec(token);
    if (parts === null || token.length > 8192) throw new Refused("it is no token");
    const [, header, payload, signature] = parts;
    if (!this.#signed(`${header}.${payload}`, signature)) throw new Refused("the signature does not fit");
    const head = decode(header);
    if (head?.alg !== "HS256" || "crit" in head) throw new Refused("the algorithm is another");
    const claims = decode(payload);
    if (claims === null || !complete(claims)) throw new Refused("the claims are not as they should be");
    if (claims.aud !== this.#audience) throw new Refused("it is for another page");
    if (now >= claims.exp) throw new Refused("it has expired");
    if (!this.#spend(claims.jti, claims.exp, now)) throw new Refused("it was used before");
    return claims;
  }

  // #signed compares in constant time. Texts are compared rather than bytes: the
  // same bytes can be written in several ways.
  #signed(text, signature) {
    const given = Buffer.from(signature);
    let fits = false;
    for (const secret of this.#secrets) {
      const want = Buffer.from(createHmac("sha256", secret).update(text).digest("base64url"));
      fits = (given.length === want.length && timingSafeEqual(given, want)) || fits;
    }
    return fits;
  }

  // #spend remembers a jti until its token has expired. With more than one
  // process it must be kept where all of them look, such as a table with a
  // unique index.
  #spend(jti, expires, now) {
    for (const [other, end] of this.#seen) if (end <= now) this.#seen.delete(other);
    if (this.#seen.has(jti)) return false;
    this.#seen.set(jti, expires);
    return true;
  }
}

// decode returns the object in a part of a token, or null.
function decode(part) {
  const bytes = Buffer.from(part, "base64url");
  if (bytes.toString("base64url") !== part) return null; // Node forgives what is no base64
  try {
    const value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    return typeof value === "object" && !Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
}

function complete(claims) {
  const has = (name) => Object.hasOwn(claims, name);
  return (
    required.every((name) => has(name) && typeof claims[name] === "string" && claims[name] !== "") &&
    optional.every((name) => !has(name) || typeof claims[name] === "string") &&
    ["iat", "exp"].every((name) => has(name) && Number.isSafeInteger(claims[name])) &&
    has("email_verified") &&
    typeof claims.email_verified === "boolean"
  );
}

function partnerLogin(verifier, request, response) {
  const answer = (status, kind, text) => {
    response.writeHead(status, {
      "Content-Type": kind,
      "Cache-Control": "no-store",
      "Referrer-Policy": "no-referrer", // the token is in this page's address
    });
    response.end(text);
  };
  const [path, ...query] = request.url.split("?");
  if (path !== "/partner-login") return answer(404, "text/plain; charset=utf-8", "There is no such page.\n");
  if (request.method !== "GET") return answer(405, "text/plain; charset=utf-8", "Only GET is possible here.\n");
  try {
    const tokens = new URLSearchParams(query.join("?")).getAll("token");
    if (tokens.length !== 1) throw new Refused("there is not one token");
    const claims = verifier.verify(tokens[0], Date.now() / 1000);
    // Here your page begins a session for the resource and redirects into it.
    const who = { resource: claims.sub, email_verified: claims.email_verified };
    for (const name of ["addon", "plan", "region", "platform", ...optional]) who[name] = claims[name] ?? "";
    return answer(200, "application/json", `${JSON.stringify(who)}\n`);
  } catch (reason) {
    // The log learns why, and the sender nothing. The token is never logged.
    console.error("refused:", reason instanceof Refused ? reason.message : "the address cannot be read");
    return answer(403, "text/plain; charset=utf-8", "This link does not work. Open the add-on from your dashboard.\n");
  }
}

function fail(sentence) {
  console.error(sentence);
  process.exit(1);
}

const secrets = [];
for (const name of ["SSO_TOKEN_SECRET", "SSO_TOKEN_SECRET_BEFORE"]) {
  const secret = process.env[name] ?? "";
  if (secret.length < 32 && (name === "SSO_TOKEN_SECRET" || secret !== "")) fail(`${name} must have 32 characters or more`);
  if (secret !== "") secrets.push(secret);
}
const audience = process.env.SSO_AUDIENCE;
if (!audience) fail("SSO_AUDIENCE must be the origin of this page, such as https://app.example.com");
const [, host, port] = /^(.*):([0-9]+)$/.exec(process.env.LISTEN ?? "127.0.0.1:9000") ?? fail("LISTEN must be an address and a port");
const verifier = new Verifier(audience, secrets);
const server = createServer((request, response) => partnerLogin(verifier, request, response));
server.listen(Number(port), host, () => console.log(`listening on http://${host}:${server.address().port}/partner-login`));
