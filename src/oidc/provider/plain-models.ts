import type { Provider } from 'oidc-provider'

interface Model {
  new (input?: object): object
  IN_PAYLOAD: readonly string[]
}

const sets = new WeakMap<object, ReadonlySet<string>>()

/** The names of what is stored of a model. */
function storedOf(model: Model): ReadonlySet<string> {
  const known = sets.get(model)
  if (known !== undefined) return known
  const stored = new Set(model.IN_PAYLOAD)
  sets.set(model, stored)
  return stored
}

/**
 * Makes tokens, Grants and sessions of their payloads at once. The library defines each field of an object in between, one after the other, and takes
 * along those that are undefined, which it defines once more when it saves.
 *
 * The class stands between the library's models and the one that they all extend: a constructor asks for the class above it when it runs.
 */
export function makePlainModels({ BaseToken, Session }: Provider): void {
  class Plain {
    declare kind: string
    declare jti: string | undefined

    constructor(input: object | null = {}) {
      if (input === null) throw new TypeError('invalid model payload')
      const { name: model } = new.target
      const stored = storedOf(new.target as unknown as Model)
      const given = input as Record<string, unknown>
      const made = this as Record<string, unknown>
      let kind: unknown
      let jti: unknown
      for (const name of Object.keys(given)) {
        const value = given[name]
        if (name === 'jti') jti = value
        else if (name === 'kind') kind = value
        else if (value !== undefined && stored.has(name)) made[name] = value
      }
      if (kind && kind !== model) throw new TypeError('kind mismatch')
      this.kind = model
      this.jti = jti as string | undefined
    }
  }
  Object.setPrototypeOf(Plain, Object.getPrototypeOf(BaseToken))
  for (const model of [BaseToken, Session]) Object.setPrototypeOf(model, Plain)
}
