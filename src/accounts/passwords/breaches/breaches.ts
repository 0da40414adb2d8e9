import { createHash } from 'node:crypto'
import type { Finding } from '../../../shared/finding.ts'
import { importList, type ListImport } from './import.ts'
import { withListFile } from './list-file.ts'
import { askRangeService } from './range-service.ts'

/** Passwords that were stolen from other services and published: the first that guessing programs try. */
export interface Breaches {
  /**
   * Whether a new password is known to be stolen. Never throws: when it cannot be found out, the password counts as not stolen, and a line of
   * the log says so.
   * @param password after NFC @param how.here whether no other server may be asked: then one of the service of `api` counts as not stolen
   */
  has(password: string, how?: { here: boolean }): Promise<boolean>
  /** Makes the list of `file`, in the place of the one before. @throws AppError `import_unreadable` (422) */
  importList(
    source: string | AsyncIterable<Uint8Array | string>,
    told?: (lines: number) => void,
  ): Promise<ListImport & { path: string }>
  /** The address of the service of `api`. */
  readonly service: string
  /** Whether passwords are looked up, and where. @throws Error when they should be and cannot */
  examine(): Promise<Pick<Finding, 'status' | 'message'>>
}

export interface BreachSettings {
  readonly breachCheck: 'off' | 'file' | 'api'
  readonly breachApiUrl: string
}

/** @param deps.path where the list is kept @param deps.fetch goes to no address inside */
/** The list of stolen passwords was replaced, for the audit log. */
export interface PasswordsImported {
  type: 'passwords.imported'
  lines: number
  /** Different ones of them. */
  passwords: number
}

export function createBreaches(deps: {
  settings: BreachSettings
  path: string
  fetch: typeof fetch
  log: { warn(fields: object, message: string): void }
  events(event: PasswordsImported): void
}): Breaches {
  const { settings, path, fetch, log } = deps

  const lookUp: Record<BreachSettings['breachCheck'], (sha1: Buffer) => Promise<boolean>> = {
    off: async () => false,
    file: (sha1) => withListFile(path, (list) => list.has(sha1)),
    api: (sha1) => askRangeService(sha1, { url: settings.breachApiUrl, fetch }),
  }
  const sha1Of = (password: string): Buffer => createHash('sha1').update(password, 'utf8').digest()

  return {
    async has(password, { here } = { here: false }) {
      const { breachCheck } = settings
      if (here && breachCheck === 'api') return false
      try {
        return await lookUp[breachCheck](sha1Of(password))
      } catch (error) {
        log.warn(
          { breach_check: breachCheck, reason: reasonOf(error) },
          'a new password was not looked up among stolen ones, and accepted; `npm run -s latchkey -- doctor` says more',
        )
        return false
      }
    },

    get service() {
      return settings.breachApiUrl
    },

    async importList(source, told) {
      const made = { ...(await importList(source, path, told)), path }
      deps.events({ type: 'passwords.imported', lines: made.read, passwords: made.count })
      return made
    },

    async examine() {
      switch (settings.breachCheck) {
        case 'off':
          return { status: 'ok', message: 'not looked up (breach_check is off)' }
        case 'file': {
          const count = await withListFile(path, async (list) => list.count)
          return { status: 'ok', message: `${count.toLocaleString('en')} in ${path}` }
        }
        case 'api': {
          const host = new URL(settings.breachApiUrl).host
          // The hash of no password that is asked about here.
          await askRangeService(Buffer.alloc(20), { url: settings.breachApiUrl, fetch }).catch((error) => {
            throw new Error(`${host} cannot be asked: ${reasonOf(error)}`)
          })
          return { status: 'ok', message: `${host} answers` }
        }
      }
    },
  }
}

/** “fetch failed” alone says nothing: its causes do. */
function reasonOf(error: unknown): string {
  const messages: string[] = []
  for (let next = error; next instanceof Error && messages.length < 3; next = next.cause)
    messages.push(next.message || next.name)
  return messages.join(': ') || String(error)
}
