/** Fields of something, by the names that the command line and the JSON API use too. */
export type Fields = Readonly<Record<string, unknown>>

interface Page {
  items: readonly object[]
  next_cursor?: string
}

/** A setting of the server, of which this names what it reads. */
export interface SettingNow {
  name: string
  value: unknown
  /** The environment variable that sets it. */
  pinnedBy: string | undefined
  /** Undefined: it has its default. */
  changed: object | undefined
}

/** What each kind of thing can do for a configuration. The rules are those of its service. */
interface Section {
  /**
   * Checks an entry and fills in the defaults: what would be stored. @throws an error with `problems` or `errors` by field
   * @param planned the settings that count by then; those of now, unless given
   */
  complete(entry: Fields, planned?: PlannedSettings): Fields
  /** The fields that an entry is silent on, and whose default counts only when something is made. The entry is one that can be completed. */
  leftToCreation?(entry: Fields, planned?: PlannedSettings): readonly string[]
}

/** The settings that clients are judged by. */
export interface PlannedSettings {
  readonly pkceDefault: 'auto' | 'required'
  readonly redirects: { readonly hosts: readonly string[]; readonly schemes: readonly string[] }
}

export interface ConfigurationDependencies {
  settings: Section & {
    list(): Promise<{ settings: readonly SettingNow[] }>
    /** What counts after these changes. @param others.reset all others are at their defaults */
    planned(changes: Fields, others: { reset: boolean }): PlannedSettings
    /** Changes the given settings; null resets one. */
    change(changes: Fields): Promise<unknown>
  }
  /** Scopes of clients that stand for something though no registered API has them. */
  needsNoApi(scope: string): boolean
  clients: Section & {
    list(page: { limit: number; cursor?: string }): Promise<Page>
    create(fields: Fields, origin: { source: 'configuration'; verified: true }): Promise<object>
    /** @throws AppError version_conflict (409) when `ifVersion` is not its version any more */
    update(clientId: string, changes: Fields, given: { ifVersion: string | undefined }): Promise<object>
    disable(clientId: string): Promise<unknown>
    enable(clientId: string): Promise<unknown>
    delete(clientId: string, given: { ifVersion: string | undefined }): Promise<unknown>
  }
  resources: Section & {
    list(page: { limit: number; cursor?: string }): Promise<Page>
    add(fields: Fields): Promise<unknown>
    /** Changes the given fields; null unsets one. */
    update(identifier: string, changes: Fields): Promise<unknown>
    remove(identifier: string): Promise<unknown>
  }
  /** Named as a file writes them (entries.ts). */
  roles: Described
  groups: Described
  /** Named by their short names. */
  organizations: Described
  attributes: Described
  claims: Described
  hooks: Described
  /** Named by their addresses. `twice`: another one has the same, and neither is of a file. */
  webhooks: Described
  administrator_roles: Described
  /** Named by whose they are. */
  brands: Described
  /** Named by language and key. */
  texts: Described & {
    /** The texts of one language of a file; a problem with the field '' is one of the language. */
    read(
      locale: string,
      given: Fields,
    ): Promise<{
      texts: { name: string; locale: string; key: string; text: string }[]
      problems: { field: string; message: string }[]
    }>
  }
  providers: {
    /** As of a section. @param given.hasSecret whether the file says where its secret is; true unless given */
    complete(entry: Fields, given?: { hasSecret: boolean }): Fields
    list(): Promise<readonly object[]>
    add(fields: Fields): Promise<unknown>
    /** Changes the given fields; null unsets one. */
    update(id: string, changes: Fields): Promise<unknown>
    disable(id: string): Promise<unknown>
    enable(id: string): Promise<unknown>
    remove(id: string): Promise<unknown>
    /** Whether this is the stored secret of a provider. */
    secretIs(id: string, secret: string): Promise<boolean>
  }
}

/** What a file describes: its settings, and things of each kind. */
export type Services = Omit<ConfigurationDependencies, 'needsNoApi'>

/** What does it for the kinds of things alone. */
export type EntityServices = Omit<Services, 'settings'>

interface Described {
  complete(entry: Fields): Fields
  /** Fields that stay as they are where an entry does not say them. */
  leftToCreation?(entry: Fields): string[]
  list(): Promise<readonly object[]>
  add(fields: Fields): Promise<unknown>
  /** Changes the given fields; null empties one. */
  update(name: string, changes: Fields): Promise<unknown>
  remove(name: string): Promise<unknown>
}

/** Where a secret is that the file does not hold. */
export interface SecretSource {
  env?: string
  file?: string
}

/** Reads a secret. Undefined: the variable is not set, or the file cannot be read. */
export type ReadSecret = (source: SecretSource) => string | undefined

/** What to say about a secret that cannot be read. */
export const missingSecret = ({ env, file }: SecretSource): string =>
  env === undefined ? `${file} cannot be read` : `the environment variable ${env} is not set`
