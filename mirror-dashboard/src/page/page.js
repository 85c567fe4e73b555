/* {base} */
