/** tsx, by its README: its loader in front of a program. */
export default { name: 'tsx', packages: ['tsx'], flags: ['--import', 'tsx'] };
