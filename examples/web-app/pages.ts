import { html, type Markup } from './html.ts'
import type { TokenSet } from './oidc.ts'
import type { Problem } from './problems.ts'

interface Layout {
  title: string
  body: Markup
  /** Seconds after which the browser loads the page again. */
  reloadAfter?: number | undefined
}

function page({ title, body, reloadAfter }: Layout): string {
  const reload =
    reloadAfter === undefined ? undefined : html`<meta http-equiv="refresh" content="${reloadAfter};url=/">`
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
${reload}
<title>${title}</title>
<link rel="stylesheet" href="/style.css">
<script src="/countdown.js" defer></script>
</head>
<body>
<header><a href="/">Example web app</a></header>
<main>${body}</main>
</body>
</html>`.markup
}

export function homePage(issuer: string): string {
  return page({
    title: 'Example web app',
    body: html`<h1>Welcome</h1>
<p>This app has no passwords of its own. It sends you to <strong>${new URL(issuer).host}</strong> to sign in, and learns
from there who you are.</p>
<p><a class="button" href="/login">Sign in</a></p>`,
  })
}

export function signedOutPage(): string {
  return page({
    title: 'Signed out',
    body: html`<h1>You are signed out</h1>
<p>This app has forgotten you.</p>
<p><a class="button" href="/login">Sign in again</a></p>`,
  })
}

export function problemPage(problem: Problem): string {
  return page({
    title: problem.title,
    body: html`<h1>${problem.title}</h1>
<p>${problem.detail}</p>
<p><a class="button" href="/login">Try again</a> <a href="/">Back to the start</a></p>`,
  })
}

export function booksPage({ titles, notice }: { titles: string[]; notice: string | undefined }): string {
  const list =
    titles.length === 0
      ? html`<p>None.</p>`
      : html`<ul>${titles.map((title) => html`<li>${title}</li>`)}</ul>`
  return page({
    title: 'Your books',
    body: html`<h1>Your books</h1>
${notice ? html`<p class="notice" role="status">${notice}</p>` : undefined}
${list}
<div class="actions">
<form method="post" action="/books/delete"><button>Delete all books</button></form>
<a href="/">Back to the start</a>
</div>`,
  })
}

export interface SignedIn {
  tokens: TokenSet
  userinfo: { claims?: Record<string, unknown>; problem?: Problem }
  /** What to say about a refresh that just happened, or failed. */
  notice?: string | undefined
  refreshDueAt: number | undefined
  /** Seconds after which to look again. */
  reloadAfter: number | undefined
  /** Whether there is an API of books. */
  books: boolean
}

/** Enough to tell two tokens apart, too little to use one. */
const shorten = (token: string): string => `${token.slice(0, 8)}… (${token.length} characters)`

const json = (value: unknown): Markup => html`<pre tabindex="0">${JSON.stringify(value, null, 2)}</pre>`

function decode(part: string): unknown {
  return JSON.parse(Buffer.from(part, 'base64url').toString())
}

/** Header and payload of a JWT; never its signature, without which it is of no use. */
function tokenDetails(name: string, token: string | undefined): Markup {
  if (!token) return html`<details><summary>${name}</summary><p>None was issued.</p></details>`
  const [header, payload, signature] = token.split('.')
  const contents =
    header && payload && signature
      ? html`<h3>Header</h3>${json(decode(header))}<h3>Payload</h3>${json(decode(payload))}`
      : html`<p>Opaque: it means something to the sign-in service only.</p>`
  return html`<details><summary>${name} <small>${shorten(token)}</small></summary>${contents}</details>`
}

/** “in 4 min 10 s”; the script of the page keeps it up to date. */
function countdown(at: number): Markup {
  const seconds = Math.max(0, Math.round((at - Date.now()) / 1000))
  const text = seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`
  return html`<time data-countdown="${seconds}" datetime="${new Date(at).toISOString()}">${text}</time>`
}

function expiry({ tokens, refreshDueAt }: SignedIn): Markup {
  if (tokens.expiresAt === undefined)
    return html`<p>The sign-in service did not say when the access token expires.</p>`
  const next =
    refreshDueAt === undefined
      ? html`There is no refresh token, so after that you sign in again.`
      : html`It is renewed in ${countdown(refreshDueAt)}.`
  return html`<p>The access token expires in ${countdown(tokens.expiresAt)}. ${next}</p>`
}

const TIMES = new Set(['exp', 'iat', 'nbf', 'auth_time'])

function claimRow([name, value]: [string, unknown]): Markup {
  if (TIMES.has(name) && typeof value === 'number') {
    const time = new Date(value * 1000).toISOString().slice(0, 19).replace('T', ' ')
    return html`<tr><th scope="row">${name}</th><td>${value} <small>${time} UTC</small></td></tr>`
  }
  return html`<tr><th scope="row">${name}</th><td>${typeof value === 'string' ? value : JSON.stringify(value)}</td></tr>`
}

export function signedInPage(view: SignedIn): string {
  const { claims } = view.tokens
  const known: Record<string, unknown> = { ...claims, ...view.userinfo.claims }
  const name = [known.name, known.preferred_username, known.email].find((claim) => typeof claim === 'string')
  const { problem } = view.userinfo
  const userinfo = problem
    ? html`<p role="alert">${problem.title}. ${problem.detail}</p>`
    : json(view.userinfo.claims)
  return page({
    title: 'Signed in',
    reloadAfter: view.reloadAfter,
    body: html`<h1>Hello, ${String(name ?? claims.sub)}</h1>
${view.notice ? html`<p class="notice" role="status">${view.notice}</p>` : undefined}
${expiry(view)}
<div class="actions">
${view.tokens.refreshToken ? html`<form method="post" action="/refresh"><button>Refresh now</button></form>` : undefined}
<form method="post" action="/logout"><button class="quiet">Sign out</button></form>
</div>
${view.books ? html`<p><a href="/books">Your books</a></p>` : undefined}
<h2>Claims of the id_token</h2>
<div class="wide"><table>${Object.entries(claims).map(claimRow)}</table></div>
<h2>Userinfo</h2>
${userinfo}
<h2>Tokens</h2>
${tokenDetails('id_token', view.tokens.idToken)}
${tokenDetails('access_token', view.tokens.accessToken)}
${tokenDetails('refresh_token', view.tokens.refreshToken)}`,
  })
}
