import { pathToFileURL } from 'node:url'
import * as oidc from 'openid-client'

export interface ReportOptions {
  issuer: string
  clientId: string
  clientSecret: string
  /** The API's resource indicator, which is its address too. */
  api: string
}

export interface Report {
  owners: { owner: string; books: number }[]
  total: number
}

/**
 * A program that acts for itself: it gets a token by its own credentials (RFC 6749 §4.4), for this one API and this one
 * scope, and asks for the counts. There is no person in that token.
 * @throws Error when the issuer or the API refuses
 */
export async function fetchReport({ issuer, clientId, clientSecret, api }: ReportOptions): Promise<Report> {
  const server = new URL(issuer)
  // Plain http is for this machine only; openid-client refuses it unless told.
  const local = server.protocol === 'http:' && server.hostname === 'localhost'
  const config = await oidc.discovery(server, clientId, undefined, oidc.ClientSecretBasic(clientSecret), {
    execute: local ? [oidc.allowInsecureRequests] : [],
  })
  const { access_token } = await oidc.clientCredentialsGrant(config, { scope: 'books:report', resource: api })
  const response = await fetch(new URL('/reports/counts', api), {
    headers: { authorization: `Bearer ${access_token}` },
  })
  if (!response.ok) throw new Error(`the API answered ${response.status}: ${await response.text()}`)
  return (await response.json()) as Report
}

if (import.meta.url === pathToFileURL(String(process.argv[1])).href) {
  const {
    ISSUER = 'http://localhost:3000',
    API = 'http://localhost:4100',
    CLIENT_ID,
    CLIENT_SECRET,
  } = process.env
  if (!CLIENT_ID || !CLIENT_SECRET) {
    console.error('Set CLIENT_ID and CLIENT_SECRET. See the README.')
    process.exit(1)
  }
  const report = await fetchReport({
    issuer: ISSUER,
    clientId: CLIENT_ID,
    clientSecret: CLIENT_SECRET,
    api: API,
  })
  for (const { owner, books } of report.owners) console.log(`${String(books).padStart(6)}  ${owner}`)
  console.log(`${String(report.total).padStart(6)}  in all`)
}
