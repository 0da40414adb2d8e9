/** How many plans a process keeps: more than the program has queries. */
const MAX_PLANS = 5_000

/** A plan of this one holds its rows, and Prisma itself keeps none of it. */
const WITH_ROWS = /"action":"createMany/

type Compile = (query: string) => unknown

/**
 * A plan follows from the query and the models, and from nothing in a database. Within one server Prisma compiles a query once; here all servers of
 * the process share that. Each compiled about 35 queries, of 3 ms each.
 */
async function sharePlans(provider: 'sqlite' | 'postgresql'): Promise<void> {
  const { QueryCompiler } = await import(`@prisma/client/runtime/query_compiler_small_bg.${provider}.mjs`)
  const compiler: Record<'compile' | 'compileBatch', Compile> = QueryCompiler.prototype
  for (const method of ['compile', 'compileBatch'] as const) {
    const compile = compiler[method]
    const plans = new Map<string, unknown>()
    compiler[method] = function (this: unknown, query) {
      const known = plans.get(query)
      if (known !== undefined) return known
      const plan: unknown = compile.call(this, query)
      if (plans.size < MAX_PLANS && !WITH_ROWS.test(query)) plans.set(query, plan)
      return plan
    }
  }
}

await Promise.all([sharePlans('sqlite'), sharePlans('postgresql')])
