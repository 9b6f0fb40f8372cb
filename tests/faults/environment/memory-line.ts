/** The `msg` of the line in which the memory probe reports what it measured. */
export const memoryLine = 'memory probe';
