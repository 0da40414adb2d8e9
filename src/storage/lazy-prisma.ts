import type { PrismaClient } from './generated/sqlite/client.ts'

/** A client that is made by its first query: a server that is idle needs neither its model of the tables nor the compiler of its queries. */
export interface LazyPrisma {
  prisma: PrismaClient
  /** Undefined before the first query. */
  made(): PrismaClient | undefined
}

/** @param make called once; a table may be held by who asks it (`const table = prisma.account`) without a query */
export function lazyPrisma(make: () => PrismaClient): LazyPrisma {
  let made: PrismaClient | undefined
  const client = (): PrismaClient => {
    made ??= make()
    return made
  }
  const table = (name: string) =>
    new Proxy({}, { get: (_, operation) => Reflect.get(Reflect.get(client(), name) as object, operation) })
  const tables = new Map<string, object>()
  const prisma = new Proxy({} as PrismaClient, {
    get(_, name) {
      // `$transaction` and its like; and what a promise is known by (`then`), which no client has.
      if (typeof name === 'symbol' || name === 'then') return undefined
      if (name.startsWith('$')) {
        const method: unknown = Reflect.get(client(), name)
        return typeof method === 'function' ? method.bind(client()) : method
      }
      if (made !== undefined) return Reflect.get(made, name)
      const found = tables.get(name) ?? table(name)
      tables.set(name, found)
      return found
    },
    has: (_, name) => Reflect.has(client(), name),
    getOwnPropertyDescriptor: (_, name) => Reflect.getOwnPropertyDescriptor(client(), name),
    defineProperty: (_, name, property) => Reflect.defineProperty(client(), name, property),
  })
  return { prisma, made: () => made }
}
