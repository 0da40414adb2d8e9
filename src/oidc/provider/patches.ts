import type { Provider } from 'oidc-provider'
import { acceptHints } from '../authorization/id-token-hint.ts'
import { answerWhereAsked } from '../authorization/request-objects.ts'
import { takeEmptySecrets } from '../client-authentication/empty-secret.ts'
import { compareSecretHashes } from '../client-authentication/secret-hashes.ts'
import { keepDevicesApart } from '../device/apart.ts'
import { guidePolling } from '../device/polling.ts'
import { acceptHandedOver } from '../device/verification.ts'
import { recordBeforeAnswering } from '../events/before-answering.ts'
import { narrowInteractions } from '../narrowed/interactions.ts'
import { narrowTokens } from '../narrowed/tokens.ts'
import { leaveOutAtRefresh } from '../placement/at-token-endpoint.ts'
import { coverClaimsByScopes } from '../requested-claims/consent.ts'
import { rememberDetails } from '../sessions/details.ts'
import { forgetEndedImpersonations } from '../sessions/impersonations.ts'
import { mergeSessions } from '../sessions/merge.ts'
import { forgetPassedGrants } from '../sessions/passed-grants.ts'
import { leadOnFromSignOut } from '../sign-out/answered.ts'
import { skipEmptySignOut } from '../sign-out/empty.ts'
import { forgetUncheckableHints } from '../sign-out/hinted.ts'
import { narrowByRole } from '../tokens/by-role.ts'
import { addCustomClaims } from '../tokens/custom-claims.ts'
import { leaveOutEmptyScope } from '../tokens/empty-scope.ts'
import { completeIdTokens } from '../tokens/id-tokens.ts'
import { issueOneToken } from '../tokens/one-token.ts'
import { keepClients } from './clients.ts'
import { completeDiscovery } from './discovery.ts'
import { answerEscapedErrors } from './escaped-errors.ts'
import { makePlainModels } from './plain-models.ts'
import type { ProviderDependencies } from './provider.ts'
import { routes } from './routes.ts'
import { joinAuthorization } from './unit-of-work.ts'
import { rememberUses } from './used-once.ts'

/** A change of the library's behaviour that its configuration has no setting for. */
export interface Patch {
  name: string
  /** Why the library's own behaviour is not enough, with the section that asks for ours. */
  why: string
  /** The test that fails without it. */
  test: string
  apply(provider: Provider, deps: ProviderDependencies): void
}

/** All of them, in the order in which they are applied: a later one wraps an earlier one. */
export const PATCHES: readonly Patch[] = [
  {
    name: 'secret hashes',
    why: 'Secrets are stored as hashes, several of a client while one is rotated; the library compares one in clear.',
    test: 'test/security/client-authentication.test.ts',
    apply: (provider, { secretMatches }) => compareSecretHashes(provider, secretMatches),
  },
  {
    name: 'errors outside of the routes',
    why: 'The library saves the session outside of its own error handler: Koa would answer what fails there in plain text.',
    test: 'test/oidc/escaped-errors.test.ts',
    apply: (provider, { pages }) => answerEscapedErrors(provider, pages),
  },
  {
    name: 'entries before the answer',
    why: 'The library answers by itself, past the hook that holds an answer back until its entries of the audit log are on disk.',
    test: 'test/audit/audit-context.test.ts',
    apply: recordBeforeAnswering,
  },
  {
    name: 'one commit',
    why: 'A code and the session that it is of are written at once; the library saves them one after the other.',
    test: 'test/cost/hot-requests.test.ts',
    apply: (provider, { artifacts }) => joinAuthorization(provider, artifacts),
  },
  {
    name: 'discovery',
    why: 'Discovery says what registration offers at this moment (RFC 8414 §2), which settings change.',
    test: 'test/registration/register.test.ts',
    apply: (provider, { discovery }) => completeDiscovery(provider, discovery),
  },
  {
    name: 'plain models',
    why: 'The library copies each field of a payload twice, with those that are undefined: 3 % of what a refresh takes.',
    test: 'test/oidc/plain-models.test.ts',
    apply: makePlainModels,
  },
  {
    name: 'one token',
    why: 'A client that asks for a sign-in and for one API without naming it gets one token for both (RFC 9068 §2.2.3).',
    test: 'test/oidc/one-token.test.ts',
    apply: issueOneToken,
  },
  {
    name: 'claims in the ID Token',
    why: 'Whether a client finds the claims of its scopes there is decided for each client (Core §5.4).',
    test: 'test/oidc/id-tokens.test.ts',
    apply: completeIdTokens,
  },
  {
    name: 'custom claims',
    why: 'Claims that administrators define while it runs: the library knows those of its configuration.',
    test: 'test/attributes/claims.test.ts',
    apply: addCustomClaims,
  },
  {
    name: 'claims of hooks',
    why: 'What a hook has answered at the token endpoint is in the ID Token as well.',
    test: 'test/hooks/tokens.test.ts',
    apply: (provider, { tokenHooks }) => tokenHooks.attach(provider),
  },
  {
    name: 'empty scope',
    why: 'A token response without scopes leaves the parameter out: it may not be empty (RFC 6749 §3.3).',
    test: 'test/oidc/empty-scope.test.ts',
    apply: leaveOutEmptyScope,
  },
  {
    name: 'errors of request objects',
    why: 'The library reads a request object late, and answers what fails before that by a page, or in the query.',
    test: 'test/oidc/request-objects.test.ts',
    apply: answerWhereAsked,
  },
  {
    name: 'sign-out without a session',
    why: 'A browser that is not signed in has nothing to confirm; the library would show a page that posts itself.',
    test: 'test/oidc/empty-sign-out.test.ts',
    apply: (provider, { signOuts }) => skipEmptySignOut(provider, signOuts),
  },
  {
    name: 'empty secrets',
    why: 'Of a public client, a Basic header with an empty secret is no secret (RFC 6749 §2.3.1); the library refuses it.',
    test: 'test/security/client-authentication.test.ts',
    apply: (provider, { isApiCredential }) => takeEmptySecrets(provider, isApiCredential),
  },
  {
    name: 'page after a sign-out',
    why: 'The page after the question says what came of it, and can be loaded again.',
    test: 'test/security/sign-out-pages.test.ts',
    apply: (provider, { signOuts }) => leadOnFromSignOut(provider, signOuts),
  },
  {
    name: 'details of sessions and Grants',
    why: 'Sessions store their device, their sign-ins, their provider and their generation; the library knows no field of ours.',
    test: 'test/oidc/session-details.test.ts',
    apply: rememberDetails,
  },
  {
    name: 'id_token_hint',
    why: 'A hint of a key that is published no more is checked with the kept half; one that cannot be checked is as if not sent.',
    test: 'test/security/kept-keys.test.ts',
    apply: (provider, { acceptedKeys }) =>
      forgetUncheckableHints(provider, routes.end_session, acceptHints(provider, acceptedKeys)),
  },
  {
    name: 'generations',
    why: 'A Grant of sign-ins that have ended counts for nothing, in every process at once.',
    test: 'test/security/ended-stays-ended.test.ts',
    apply: (provider, { accountOf, appPasswordCounts }) =>
      forgetPassedGrants(provider, accountOf, appPasswordCounts),
  },
  {
    name: 'impersonations',
    why: 'What an administrator was given while signed in as another person ends with that.',
    test: 'test/security/impersonation.test.ts',
    apply: (provider, { impersonationCounts }) => forgetEndedImpersonations(provider, impersonationCounts),
  },
  {
    name: 'sessions in several tabs',
    why: 'Two requests of one browser at once both keep what they wrote; the library saves the whole session.',
    test: 'test/security/concurrent-tabs.test.ts',
    apply: (provider, { artifacts }) => mergeSessions(provider, artifacts),
  },
  {
    name: 'clients made once',
    why: 'The library hashes the whole registration on every request to see whether it has made a client of it, and knows no redirect URIs of its app.',
    test: 'test/security/claimable-redirects.test.ts',
    apply: (provider, { findClient }) => keepClients(provider, findClient),
  },
  {
    name: 'single use',
    why: 'A code or refresh token is used by one statement, and a second use ends its Grant (RFC 9700 §4.14.2).',
    test: 'test/security/used-once.test.ts',
    // Puts another `DeviceCode.consume` in the place of the library's, which the next one wraps.
    apply: rememberUses,
  },
  {
    name: 'polling of devices',
    why: 'A device that polls too often is told the interval, and one whose request was denied so each time (RFC 8628 §3.5).',
    test: 'test/device/flow.test.ts',
    apply: guidePolling,
  },
  {
    name: 'devices apart from browsers',
    why: 'A device has a Grant of its own, and goes on when the browser in which it was approved signs out.',
    test: 'test/device/what-ends-it.test.ts',
    apply: keepDevicesApart,
  },
  {
    name: 'user codes from a page of ours',
    why: 'The form for the code is ours: the library takes its token from one tab alone.',
    test: 'test/device/code-entry.test.ts',
    apply: acceptHandedOver,
  },
  {
    name: 'Grants of first-party clients',
    why: 'Once a client is first-party no longer, its Grants are good for what the person has allowed.',
    test: 'test/security/narrowed.test.ts',
    apply: (provider, { grants }) => grants.attach(provider),
  },
  {
    name: 'claims covered by scopes',
    why: 'A claim that is asked for by itself needs no consent where a scope that brings it was allowed (Core §5.5).',
    test: 'test/oidc/claims-parameter.test.ts',
    apply: coverClaimsByScopes,
  },
  {
    name: 'JWT access tokens',
    why: 'They are not stored, and can be introspected and revoked all the same (RFC 7009 §2, RFC 7662 §2).',
    test: 'test/security/jwt-access-tokens.test.ts',
    apply: (provider, { jwtAccessTokens }) => jwtAccessTokens.attach(provider),
  },
  {
    name: 'narrowed tokens',
    why: 'What was taken from a client is taken from its tokens. It wraps the `find` of “one token”, and narrows what that has found.',
    test: 'test/security/narrowed.test.ts',
    apply: narrowTokens,
  },
  {
    name: 'scopes by role',
    why: 'An opaque access token has lost a scope with the role that gave it; the library knows what was issued alone.',
    test: 'test/oidc/scopes-by-role.test.ts',
    apply: (provider, { roleReads }) => narrowByRole(provider, roleReads),
  },
  {
    name: 'scopes left out at a refresh',
    why: 'What a sign-in was answered without, a refresh that names the same scopes goes on without too (RFC 6749 §6).',
    test: 'test/oidc/placement/unplaceable-scopes.test.ts',
    apply: leaveOutAtRefresh,
  },
  {
    name: 'narrowed authorization requests',
    why: 'A request that waits for a person ends when what it asks for was taken from its client.',
    test: 'test/security/narrowed.test.ts',
    apply: narrowInteractions,
  },
]
