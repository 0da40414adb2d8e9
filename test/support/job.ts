/** An API for programs that act for themselves, whose tokens are looked up. */
export const jobs = { identifier: 'https://jobs.example', scope: 'jobs:run', tokens: 'opaque' } as const

/** The registration of such a program, for that API. */
export const jobClient = { grant_types: ['client_credentials'], redirect_uris: [], scope: jobs.scope }

/** What it sends to get a token (RFC 6749 §4.4.2). */
export const jobGrant = { grant_type: 'client_credentials', scope: jobs.scope }
