import { ofNoApi, sharedAmong } from '../../shared/scope-warnings.ts'

/** The scopes of a client, by what they stand for now: APIs come and go. */
export interface RegisteredScopes {
  /** Some API has them. */
  ofApis: string[]
  /** They stand for nothing: mistyped, or their API is not there yet. */
  unknown: string[]
  /** Those that several APIs have, with the APIs. */
  shared: { scope: string; apis: string[] }[]
}

export interface RegisteredScopesDependencies {
  findByScope(scope: string): Promise<readonly { identifier: string }[]>
  /** Scopes that this server takes without an API: about persons, or known from other servers and left out. */
  withoutApi(scope: string): boolean
  /** Scopes of the administration API, which is not registered. */
  administration(scope: string): boolean
}

/** Scopes of one client; each costs a statement. */
const MAX_LOOKED_UP = 50

export interface ClientScopes {
  /** The scopes of a client by what they stand for. @param scope separated by spaces; undefined: none is named */
  sorted(scope: string | undefined): Promise<RegisteredScopes>
  /** What to know of the scopes that a client is registered with. Nothing of it is refused: an API may come later. */
  warningsOf(client: { scope?: string | undefined }): Promise<string[]>
}

export function createRegisteredScopes(deps: RegisteredScopesDependencies): ClientScopes {
  async function sorted(scope: string | undefined): Promise<RegisteredScopes> {
    const found: RegisteredScopes = { ofApis: [], unknown: [], shared: [] }
    const scopes = [...new Set(scope?.split(' ').filter(Boolean))]
    for (const each of scopes.filter((one) => !deps.withoutApi(one)).slice(0, MAX_LOOKED_UP)) {
      if (deps.administration(each)) {
        found.ofApis.push(each)
        continue
      }
      const apis = (await deps.findByScope(each)).map(({ identifier }) => identifier)
      if (apis.length === 0) found.unknown.push(each)
      else found.ofApis.push(each)
      if (apis.length > 1) found.shared.push({ scope: each, apis })
    }
    return found
  }
  return {
    sorted,

    async warningsOf({ scope }: { scope?: string | undefined }): Promise<string[]> {
      const { unknown, shared } = await sorted(scope)
      return [...unknown.map(ofNoApi), ...shared.map((each) => sharedAmong(each.scope, each.apis))]
    },
  }
}
