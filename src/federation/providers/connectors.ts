import { BoundedMap } from '../../shared/bounded-map.ts'
import { AppError } from '../../shared/errors.ts'
import { message } from '../../shared/locales/texts.ts'
import type { Secrets } from '../../shared/secrets.ts'
import type { Connector, Registration } from '../connector.ts'
import type { ConnectorKind } from '../connector-kind.ts'
import { fetchingBy } from '../upstream.ts'
import { type Kinds, kindOf } from './input.ts'
import type { ConfiguredRow, StoredOptions } from './store.ts'

const purposeOf = (id: string): string => `identity provider ${id}`

export const sealSecret = (secrets: Secrets, id: string, secret: string | undefined): string | null =>
  secret === undefined ? null : secrets.seal(secret, purposeOf(id))

const SECRET_LOST = 'provider_secret_lost'

/** @throws AppError provider_secret_lost (503): it was sealed under another SECRET_KEY */
export function openSecret(secrets: Secrets, id: string, sealed: string): string {
  try {
    return secrets.open(sealed, purposeOf(id))
  } catch (cause) {
    throw new AppError(SECRET_LOST, 503, message('upstream.secretLost'), {
      cause,
      detail: `${id}: ${lostSecret(id)}`,
    })
  }
}

/** For the operator: what is wrong, and what to do. */
const lostSecret = (id: string): string =>
  `its client secret was sealed under another SECRET_KEY. Enter it again: npm run -s latchkey -- providers reset-secret ${id} --secret-stdin`

/** The result, or undefined when the secret of the provider cannot be opened. */
export function unlessLost<T>(work: () => T): T | undefined {
  try {
    return work()
  } catch (error) {
    if (error instanceof AppError && error.code === SECRET_LOST) return undefined
    throw error
  }
}

/** Whether the secret of a provider was sealed under another SECRET_KEY. */
export const isLost = (
  secrets: Secrets,
  { id, sealedSecret }: Pick<ConfiguredRow, 'id' | 'sealedSecret'>,
): boolean => sealedSecret !== null && unlessLost(() => openSecret(secrets, id, sealedSecret)) === undefined

/** What was parsed when it was stored is not parsed again when it is read, except what the kind makes of its part. */
export const storedOptions = (row: { settings: string }): StoredOptions => ({
  // Rows of before have none.
  ...{ membershipMode: 'add', membershipRules: [] },
  ...(JSON.parse(row.settings) as StoredOptions),
})

/** Providers whose options are kept parsed. */
const MOST = 500

/** As `storedOptions`, for what asks at every sign-in page: parsed once, as long as a row stays the same. */
export function rememberOptions(): (row: { id: string; settings: string }) => StoredOptions {
  const remembered = new BoundedMap<string, { settings: string; options: StoredOptions }>(MOST)
  return ({ id, settings }) => {
    const known = remembered.get(id)
    if (known?.settings === settings) return known.options
    const options = storedOptions({ settings })
    remembered.set(id, { settings, options })
    return options
  }
}

/** @throws AppError provider_misconfigured (500), which names the settings */
export function createConnector(
  id: string,
  kind: ConnectorKind,
  registration: Registration,
  settings: Readonly<Record<string, unknown>>,
): Connector {
  const parsed = kind.settings.safeParse(settings)
  if (parsed.success) return kind.create(registration, parsed.data)
  const wrong = parsed.error.issues.map((issue) => `${issue.path.join('.')} ${issue.message}`).join('; ')
  throw new AppError('provider_misconfigured', 500, message('upstream.misconfigured'), {
    detail: `settings of the identity provider ${id}: ${wrong}`,
  })
}

/** A connector whose every request goes out by `fetcher`. */
function reachingBy(fetcher: typeof fetch, { authorize, identify, check, logout }: Connector): Connector {
  return {
    authorize: (...given) => fetchingBy(fetcher, () => authorize(...given)),
    identify: (...given) => fetchingBy(fetcher, () => identify(...given)),
    check: (...given) => fetchingBy(fetcher, () => check(...given)),
    ...(logout && { logout: (...given) => fetchingBy(fetcher, () => logout(...given)) }),
  }
}

/**
 * The connectors of stored providers. One is kept for as long as the row that it was made of stays the same, with the
 * discovery and the keys that it has read.
 */
export function rememberConnectors({
  kinds,
  secrets,
  guardedFetch,
}: {
  kinds: Kinds
  secrets: Secrets
  guardedFetch: typeof fetch
}) {
  const remembered = new Map<string, { madeOf: string; connector: Connector }>()
  return {
    /** One of a provider as it is described, which is not remembered. @throws AppError provider_misconfigured (500) */
    make(
      id: string,
      kind: ConnectorKind,
      registration: Registration,
      { settings, managed }: Pick<StoredOptions, 'settings' | 'managed'>,
    ): Connector {
      const connector = createConnector(id, kind, registration, settings)
      return managed ? reachingBy(guardedFetch, connector) : connector
    },

    /**
     * Undefined: this version has no such kind.
     * @throws AppError provider_secret_lost (503) · provider_misconfigured (500)
     */
    of(row: ConfiguredRow): Connector | undefined {
      const kind = kindOf(kinds, row.kind)
      if (kind === undefined) return undefined
      const madeOf = JSON.stringify([row.kind, row.clientId, row.sealedSecret, row.settings])
      const known = remembered.get(row.id)
      if (known?.madeOf === madeOf) return known.connector
      const registration = {
        clientId: row.clientId,
        clientSecret: row.sealedSecret === null ? undefined : openSecret(secrets, row.id, row.sealedSecret),
      }
      const connector = this.make(row.id, kind, registration, storedOptions(row))
      remembered.set(row.id, { madeOf, connector })
      return connector
    },

    forget(id: string): void {
      remembered.delete(id)
    },
  }
}

export type Connectors = ReturnType<typeof rememberConnectors>
