import { AppError } from '../shared/errors.ts'

/** One thing that is wrong with a configuration file. */
export interface ConfigurationProblem {
  /** From 1. */
  line: number
  /** `clients[0].redirect_uris`; empty: the file. */
  path: string
  message: string
}

/** A file that cannot be applied: every problem of it at once, in the order of the lines. Quotes no value. */
export class ConfigurationError extends AppError {
  readonly problems: readonly ConfigurationProblem[]

  constructor(problems: readonly ConfigurationProblem[]) {
    const sorted = problems.toSorted((one, other) => one.line - other.line)
    super('invalid_configuration', 422, sorted.map(problemText).join('\n'))
    this.name = 'ConfigurationError'
    this.problems = sorted
  }
}

export const problemText = ({ line, path, message }: ConfigurationProblem): string =>
  `line ${line}: ${path === '' ? '' : `${path}: `}${message}`
